"""AMP frames, the outermost layer of PM2's sockets: bytes in, lists of arguments out. [pure]

A frame is one byte `version << 4 | count`, then for each argument four bytes of length, big-endian, and
its bytes. An argument begins with `s:` (text) or `j:` (JSON). Read off pm2-axon 4.0 and amp-message 0.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pm2.errors import ProtocolError

VERSION = 1
MAX_ARGUMENTS = 15
MAX_ARGUMENT_BYTES = 64 * 2**20


def encode(arguments: Sequence[object]) -> bytes:
    """A frame: texts travel as `s:`, everything else as JSON."""
    if len(arguments) > MAX_ARGUMENTS:
        raise ProtocolError(f"A frame holds at most {MAX_ARGUMENTS} arguments, not {len(arguments)}.")
    frame = bytearray([VERSION << 4 | len(arguments)])
    for argument in arguments:
        text = f"s:{argument}" if isinstance(argument, str) else f"j:{json.dumps(argument)}"
        payload = text.encode()
        frame += len(payload).to_bytes(4, "big") + payload
    return bytes(frame)


def decode_argument(payload: bytes) -> object:
    """Raises ProtocolError for JSON that cannot be read; bytes without a prefix stay bytes."""
    kind, body = payload[:2], payload[2:]
    if kind == b"s:":
        return body.decode(errors="replace")
    if kind != b"j:":
        return bytes(payload)
    try:
        value: object = json.loads(body.decode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"PM2 sent JSON that cannot be read: {error}.") from error
    return value


class Decoder:
    """Takes bytes in any pieces; gives each frame once it is complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[list[object]]:
        """The frames that `data` completes. Raises ProtocolError for what is not AMP."""
        for frame in self.frames(data):
            yield [decode_argument(payload) for payload in frame]

    def frames(self, data: bytes) -> list[list[bytes]]:
        """The same, with arguments as they came: who cannot use a frame need not read it."""
        self._buffer += data
        frames, at = [], 0
        while (found := self._frame_at(at)) is not None:
            arguments, at = found
            frames.append(arguments)
        del self._buffer[:at]
        return frames

    def _frame_at(self, at: int) -> tuple[list[bytes], int] | None:
        buffer = self._buffer
        if len(buffer) <= at:
            return None
        version, count = buffer[at] >> 4, buffer[at] & 0x0F
        if version != VERSION:
            raise ProtocolError(f"PM2's socket speaks version {version} of AMP; {VERSION} is known.")
        at, arguments = at + 1, []
        for _ in range(count):
            if len(buffer) < at + 4:
                return None
            length = int.from_bytes(buffer[at : at + 4], "big")
            if length > MAX_ARGUMENT_BYTES:
                raise ProtocolError(f"PM2 announced an argument of {length} bytes.")
            if len(buffer) < at + 4 + length:
                return None
            arguments.append(bytes(buffer[at + 4 : at + 4 + length]))
            at += 4 + length
        return arguments, at
