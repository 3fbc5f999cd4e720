"""Redis's protocol, version 2: packs commands, and cuts a stream of bytes into replies of bounded size. [pure]

Not redis-py's parser: that one takes a reply of any size into memory, recurses into nested arrays, and closes the
connection at the first NOAUTH of a pipeline, so that a Redis with a password looks like a program that hangs up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rediscluster.errors import ReplyNotUnderstood
from system.lib.text import printable

# The longest replies that we ask for: SLOWLOG GET 1000 has up to 1000 x 40 elements, and about 5 MB.
MAX_REPLY_BYTES = 8 * 2**20
MAX_ELEMENTS = 50_000
MAX_LINE_BYTES = 64 * 1024
MAX_DEPTH = 8
SHOWN_BYTES = 40
LINE_END = b"\r\n"
_INTEGER = re.compile(rb"[+-]?[0-9]{1,19}")

Command = Sequence[str | int]


class NotRedisProtocol(Exception):
    """What was received is not a reply. `has_replied`: it began like one, so a Redis may have sent it."""

    def __init__(self, reason: str, *, has_replied: bool) -> None:
        super().__init__(reason)
        self.has_replied = has_replied


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """A refusal, such as `NOAUTH Authentication required.` `code`: its first word; `text`: printable, without ERR."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


Reply = str | int | None | ErrorReply | list["Reply"]


def pack(commands: Sequence[Command]) -> bytes:
    """The commands as one pipeline."""
    pieces = []
    for command in commands:
        pieces.append(b"*%d\r\n" % len(command))
        for word in command:
            encoded = str(word).encode()
            pieces += [b"$%d\r\n" % len(encoded), encoded, LINE_END]
    return b"".join(pieces)


def parse_error(line: str) -> ErrorReply:
    code, _, rest = line.partition(" ")
    return ErrorReply(code, printable((rest if code == "ERR" else line).strip()))


def require_text(command: Command, reply: Reply) -> str:
    """The reply, if it is a string. Raises ReplyNotUnderstood."""
    if not isinstance(reply, str):
        raise ReplyNotUnderstood(command_name(command), reply)
    return reply


def require_integer(command: Command, reply: Reply) -> int:
    """The reply, if it is an integer. Raises ReplyNotUnderstood."""
    if not isinstance(reply, int):
        raise ReplyNotUnderstood(command_name(command), reply)
    return reply


def command_name(command: Command) -> str:
    """The command and its subcommand or first argument."""
    return " ".join(map(str, command[:2]))


@dataclass(slots=True)
class _Array:
    size: int
    values: list[Reply] = field(default_factory=list)


class ReplyStream:
    """Takes the bytes of one connection as they come. Unusable after an error."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # up to here the buffer holds no end of a line
        self._text_bytes: int | None = None  # of the bulk string whose length has been read
        self._arrays: list[_Array] = []  # those that wait for more elements, outermost first
        self._used_bytes = self._elements = 0  # of the current reply
        self._has_replied = False

    def feed(self, received: bytes) -> list[Reply]:
        """The replies that are complete now. Raises NotRedisProtocol."""
        self._buffer += received
        replies: list[Reply] = []
        while (piece := self._take_piece()) is not None:
            if self._text_bytes is not None:
                self._text_bytes = None
                self._add(piece.decode(errors="replace"), replies)
            else:
                self._read_line(piece, replies)
        return replies

    @property
    def is_at_end(self) -> bool:
        """Whether nothing follows the last reply."""
        return not (self._buffer or self._arrays or self._text_bytes is not None)

    def _take_piece(self) -> bytes | None:
        """The bytes of the bulk string, or the next line; None while they are incomplete."""
        if self._text_bytes is None:
            end = self._buffer.find(LINE_END, self._searched)
            if end < 0:
                self._searched = max(0, len(self._buffer) - 1)
                self._check_line(len(self._buffer))
                return None
            self._check_line(end)
        else:
            end = self._text_bytes
            if len(self._buffer) < end + len(LINE_END):
                return None
            if self._buffer[end : end + len(LINE_END)] != LINE_END:
                raise self._broken("a string is longer than it was announced")
        piece = bytes(self._buffer[:end])
        del self._buffer[: end + len(LINE_END)]
        self._searched = 0
        self._used_bytes += end + len(LINE_END)
        self._check_size(0)
        return piece

    def _read_line(self, line: bytes, replies: list[Reply]) -> None:
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            self._add(rest.decode(errors="replace"), replies)
        elif kind == b"-":
            self._add(parse_error(rest.decode(errors="replace")), replies)
        elif kind == b":":
            self._add(self._integer(rest), replies)
        elif kind in (b"$", b"*"):
            self._read_length(kind, self._integer(rest), replies)
        else:
            raise self._broken(f"it sent {_excerpt(line)}")

    def _read_length(self, kind: bytes, length: int, replies: list[Reply]) -> None:
        if length == -1:
            self._add(None, replies)
        elif length < 0:
            raise self._broken(f"it sent a length of {length}")
        elif kind == b"$":
            self._check_size(length)
            self._text_bytes = length
        elif length == 0:
            self._add([], replies)
        elif len(self._arrays) == MAX_DEPTH:
            raise self._broken(f"it sent arrays nested more than {MAX_DEPTH} deep")
        else:
            self._check_elements(length)
            self._arrays.append(_Array(length))

    def _add(self, value: Reply, replies: list[Reply]) -> None:
        """Adds a complete value to the array that waits for it, or to the replies."""
        self._elements += 1
        self._check_elements(0)
        while self._arrays:
            array = self._arrays[-1]
            array.values.append(value)
            if len(array.values) < array.size:
                return
            value = self._arrays.pop().values
        replies.append(value)
        self._used_bytes = self._elements = 0

    def _integer(self, text: bytes) -> int:
        if not _INTEGER.fullmatch(text):
            raise self._broken(f"it sent {_excerpt(text)} for a number")
        return int(text)

    def _check_line(self, length: int) -> None:
        if bytes(self._buffer[:1]) not in (b"", b"+", b"-", b":", b"$", b"*"):
            raise self._broken(f"it sent {_excerpt(bytes(self._buffer[:length]))}")
        self._has_replied = self._has_replied or length > 0
        if length > MAX_LINE_BYTES:
            raise self._broken(f"it sent a line of more than {MAX_LINE_BYTES:,} bytes")

    def _check_size(self, more_bytes: int) -> None:
        if self._used_bytes + more_bytes > MAX_REPLY_BYTES:
            raise self._broken(f"it sent a reply of more than {MAX_REPLY_BYTES // 2**20} MB")

    def _check_elements(self, more: int) -> None:
        if self._elements + more > MAX_ELEMENTS:
            raise self._broken(f"it sent a reply of more than {MAX_ELEMENTS:,} elements")

    def _broken(self, what: str) -> NotRedisProtocol:
        return NotRedisProtocol(f"not understood: {what}", has_replied=self._has_replied)


def _excerpt(data: bytes) -> str:
    """Quoted and escaped, at most `SHOWN_BYTES` of it."""
    return f"{data[:SHOWN_BYTES]!r}"[1:] + ("…" if len(data) > SHOWN_BYTES else "")
