"""Encodes latencies as HdrHistogram V2 in base64, the form in which they are stored. [io: hdrh]"""

from __future__ import annotations

import base64
import io
import struct
import zlib

from hdrh.histogram import HdrHistogram

from benchmarks.analysis.measurement import Latencies, merge_latencies, percentile_us, percentiles_in_ms

LOWEST_US = 1
HIGHEST_US = 3_600_000_000
DIGITS = 3
COOKIE_BYTES = 8  # cookie and length, then zlib
MAX_BYTES = 2**20


def encode(latencies: Latencies) -> str:
    """Empty for no latencies; those outside the range are recorded at its edge."""
    if not latencies:
        return ""
    histogram = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    for value, count in latencies:
        histogram.record_value(min(max(value, LOWEST_US), HIGHEST_US), count)
    return str(histogram.encode().decode("ascii"))


def decode(text: str) -> Latencies:
    """Inverse of `encode`, exact to three digits. Empty for a text that is no histogram."""
    if not text:
        return ()
    try:
        histogram = HdrHistogram.decode(text)
        return tuple(
            (int(item.value_iterated_to), int(item.count_added_in_this_iter_step))
            for item in histogram.get_recorded_iterator()
        )
    except Exception:  # noqa: BLE001 - hdrh lets any exception of its parsing escape
        return ()


def is_valid(text: str) -> bool:
    """Whether an untrusted text is a histogram with our range and digits, at most MAX_BYTES unpacked."""
    try:
        data = base64.b64decode(text, validate=True)
        unpacked = zlib.decompressobj().decompress(data[COOKIE_BYTES:], MAX_BYTES)
        _, _, _, digits, lowest, highest = struct.unpack_from(">iiiiqq", unpacked)
        if (digits, lowest, highest) != (DIGITS, LOWEST_US, HIGHEST_US):
            return False
        return bool(decode(text))
    except Exception:  # noqa: BLE001 - hdrh lets any exception of its parsing escape
        return False


def merge(texts: list[str]) -> str:
    return encode(merge_latencies(decode(text) for text in texts))


def to_hgrm(text: str) -> str:
    """A stored histogram as HdrHistogram's percentile distribution, the text format of its plotters. Values in µs:
    hdrh writes the standard deviation in the unit of the recorded values, ignoring the requested scale."""
    out = io.BytesIO()
    HdrHistogram.decode(text).output_percentile_distribution(out, 1)
    return out.getvalue().decode("ascii")


def summarize(latencies: Latencies) -> tuple[float | None, float | None, float | None]:
    """p50, p99 (None if the sample is too small) and maximum, in ms."""
    if not latencies:
        return None, None, None
    median_us = percentile_us(latencies, 50)
    return (median_us or 0) / 1000, percentiles_in_ms(latencies).get("99"), latencies[-1][0] / 1000
