"""Latencies as an HdrHistogram V2 in base64, the form in which they are stored. [io: hdrh]"""

from __future__ import annotations

import base64
import io
import struct
import zlib

from hdrh.histogram import HdrHistogram

from benchmarks.analysis.measurement import Latencies, percentile_us, percentiles_of, together

LOWEST_US = 1
HIGHEST_US = 3_600_000_000
DIGITS = 3
COOKIE_BYTES = 8  # cookie and length, then zlib
MOST_BYTES = 2**20


def encode(latencies: Latencies) -> str:
    """Latencies in microseconds with their counts; an empty text for none."""
    if not latencies:
        return ""
    histogram = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    for value, count in latencies:
        histogram.record_value(min(max(value, LOWEST_US), HIGHEST_US), count)
    return str(histogram.encode().decode("ascii"))


def decode(text: str) -> Latencies:
    """What `encode` stored, exact to three digits."""
    if not text:
        return ()
    histogram = HdrHistogram.decode(text)
    return tuple(
        (int(item.value_iterated_to), int(item.count_added_in_this_iter_step))
        for item in histogram.get_recorded_iterator()
    )


def is_sound(text: str) -> bool:
    """Whether a text from elsewhere is a histogram like ours: of the same range, and not larger than one can be."""
    try:
        data = base64.b64decode(text, validate=True)
        unpacked = zlib.decompressobj().decompress(data[COOKIE_BYTES:], MOST_BYTES)
        _, _, _, digits, lowest, highest = struct.unpack_from(">iiiiqq", unpacked)
        if (digits, lowest, highest) != (DIGITS, LOWEST_US, HIGHEST_US):
            return False
        return bool(decode(text))
    except Exception:  # noqa: BLE001 - hdrh raises whatever it meets
        return False


def merged(texts: list[str]) -> str:
    """Several stored histograms as one."""
    return encode(together(decode(text) for text in texts))


def hgrm(text: str) -> str:
    """A stored histogram as HdrHistogram's percentile distribution, the text that its plotters read; values in µs,
    since hdrh writes the standard deviation in the unit of the recorded values whatever it is told."""
    out = io.BytesIO()
    HdrHistogram.decode(text).output_percentile_distribution(out, 1)
    return out.getvalue().decode("ascii")


def summary(latencies: Latencies) -> tuple[float | None, float | None, float | None]:
    """p50, p99 (None in a sample too small for it) and maximum, in ms."""
    if not latencies:
        return None, None, None
    median_us = percentile_us(latencies, 50)
    return (median_us or 0) / 1000, percentiles_of(latencies).get("99"), latencies[-1][0] / 1000
