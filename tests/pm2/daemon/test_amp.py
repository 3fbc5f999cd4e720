from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm2.daemon import amp
from pm2.errors import ProtocolError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_a_call_as_pm2_sends_it() -> None:
    assert amp.encode([{"type": "call"}, "7"]) == b'\x12\x00\x00\x00\x12j:{"type": "call"}\x00\x00\x00\x03s:7'


@given(st.lists(st.lists(JSON, min_size=1, max_size=4), min_size=1, max_size=3), st.data())
def test_frames_are_decoded_regardless_of_chunk_boundaries(frames: list[list[object]], data: st.DataObject) -> None:
    stream = b"".join(amp.encode(frame) for frame in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    decoder = amp.Decoder()

    assert [frame for chunk in chunks for frame in decoder.feed(chunk)] == frames


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x21", "PM2's socket uses AMP version 2; only version 1 is supported."),
        (b"\x11\xff\xff\xff\xff", "PM2 announced an argument of 4294967295 bytes."),
        (
            b"\x11\x00\x00\x00\x03j:{",
            "PM2 sent invalid JSON: Expecting property name enclosed in double quotes",
        ),
    ],
)
def test_invalid_amp_is_rejected(data: bytes, message: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        list(amp.Decoder().feed(data))

    assert str(caught.value).startswith(message)


def test_a_frame_has_at_most_15_arguments() -> None:
    with pytest.raises(ProtocolError, match="at most 15"):
        amp.encode([1] * 16)


def test_bytes_without_a_prefix_stay_bytes() -> None:
    assert amp.decode_argument(b"\x00\x01\x02") == b"\x00\x01\x02"
