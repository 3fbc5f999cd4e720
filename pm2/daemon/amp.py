"""The wire format of both of PM2's sockets: encodes and decodes AMP frames. [pure]

A frame is one byte `version << 4 | count`, then for each argument its length (four bytes, big-endian) and its bytes.
An argument starts with `s:` (text) or `j:` (JSON). Source: pm2-axon 4.0 and amp-message 0.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pm2.errors import ProtocolError

AMP_VERSION = 1
MAX_ARGUMENTS = 15
MAX_ARGUMENT_BYTES = 64 * 2**20


def encode(arguments: Sequence[object]) -> bytes:
    """A frame. Strings are encoded as `s:`, everything else as JSON. Raises ProtocolError for too many arguments."""
    if len(arguments) > MAX_ARGUMENTS:
        raise ProtocolError(f"A frame holds at most {MAX_ARGUMENTS} arguments, not {len(arguments)}.")
    frame = bytearray([AMP_VERSION << 4 | len(arguments)])
    for argument in arguments:
        text = f"s:{argument}" if isinstance(argument, str) else f"j:{json.dumps(argument)}"
        payload = text.encode()
        frame += len(payload).to_bytes(4, "big") + payload
    return bytes(frame)


def decode_argument(payload: bytes) -> object:
    """Bytes without a prefix stay bytes. Raises ProtocolError for invalid JSON."""
    prefix, body = payload[:2], payload[2:]
    if prefix == b"s:":
        return body.decode(errors="replace")
    if prefix != b"j:":
        return bytes(payload)
    try:
        value: object = json.loads(body.decode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"PM2 sent invalid JSON: {error}.") from error
    return value


class Decoder:
    """Incremental decoder: accepts bytes in chunks of any size, and yields each frame once it is complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[list[object]]:
        """Yields the frames completed by `data`. Raises ProtocolError if the data is not AMP."""
        for frame in self.feed_raw(data):
            yield [decode_argument(payload) for payload in frame]

    def feed_raw(self, data: bytes) -> list[list[bytes]]:
        """As `feed`, with undecoded arguments, so that irrelevant frames need not be decoded."""
        self._buffer += data
        frames, offset = [], 0
        while (complete := self._frame_at(offset)) is not None:
            arguments, offset = complete
            frames.append(arguments)
        del self._buffer[:offset]
        return frames

    def _frame_at(self, offset: int) -> tuple[list[bytes], int] | None:
        buffer = self._buffer
        if len(buffer) <= offset:
            return None
        version, count = buffer[offset] >> 4, buffer[offset] & 0x0F
        if version != AMP_VERSION:
            raise ProtocolError(f"PM2's socket uses AMP version {version}; only version {AMP_VERSION} is supported.")
        offset, arguments = offset + 1, []
        for _ in range(count):
            if len(buffer) < offset + 4:
                return None
            length = int.from_bytes(buffer[offset : offset + 4], "big")
            if length > MAX_ARGUMENT_BYTES:
                raise ProtocolError(f"PM2 announced an argument of {length} bytes.")
            if len(buffer) < offset + 4 + length:
                return None
            arguments.append(bytes(buffer[offset + 4 : offset + 4 + length]))
            offset += 4 + length
        return arguments, offset
