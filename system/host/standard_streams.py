"""The standard streams of a program: what is closed, cannot be written or lacks a character is handled in one way."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

STDIN, STDOUT, STDERR = 0, 1, 2
# What to print where the terminal's encoding lacks the character; all others become escapes such as \u200b.
SUBSTITUTES = {"–": "-", "…": "...", "±": "+-", "≥": ">=", "≤": "<=", "×": "x", "·": ".", "’": "'", "→": "->"}
ERROR_HANDLER = "substitute_or_escape"


class OutputFailed(Exception):
    """Standard output cannot be written. Not an OSError: commands handle those as failures of their own work."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"Cannot write the output: {error.strerror}")
        self.is_closed_pipe = isinstance(error, BrokenPipeError)


class _Required(io.FileIO):
    """Raises OutputFailed once, then drops what is still buffered: the interpreter flushes again when it exits."""

    _has_failed = False

    def write(self, data: Any, /) -> int:
        if self._has_failed:
            return len(data)
        try:
            return super().write(data)
        except OSError as error:
            self._has_failed = True
            raise OutputFailed(error) from None


class _Optional(io.FileIO):
    """Drops what cannot be written: nobody reads it, and an action must not end in the middle because of that."""

    def write(self, data: Any, /) -> int:
        with suppress(OSError):
            return super().write(data)
        return len(data)


@contextmanager
def checked(*, is_server: bool = False) -> Iterator[None]:
    """For the body of a program's `main`. If standard output cannot be written, exits with 1 and a message; without a
    message if the reader closed the pipe (`… | head`). Does nothing if the caller has replaced `sys.stdout`.

    `is_server`: goes on instead, because its output is not what it is for.
    """
    if sys.stdout is not sys.__stdout__:
        yield
        return
    stdout = _replace_streams(_Optional if is_server else _Required)
    try:
        try:
            yield
        finally:
            stdout.flush()
    except OutputFailed as failure:
        if not failure.is_closed_pipe:
            print(f"[ERROR] {failure}", file=sys.stderr)
        sys.exit(1)


def _replace_streams(stdout_type: type[io.FileIO]) -> io.TextIOWrapper:
    """Returns the new `sys.stdout`."""
    codecs.register_error(ERROR_HANDLER, _substitute_or_escape)
    # Opened for reading: writing to a standard output that was closed has to fail.
    for descriptor, mode in ((STDIN, os.O_RDONLY), (STDOUT, os.O_RDONLY), (STDERR, os.O_WRONLY)):
        _open_if_closed(descriptor, mode)
    encoding = getattr(sys.stdin, "encoding", None) or "utf-8"
    sys.stdin = open(STDIN, encoding=encoding, errors="replace", closefd=False)  # noqa: SIM115 - for the whole program
    sys.stdout = stdout = _text_stream(stdout_type(STDOUT, "wb", closefd=False), sys.stdout, is_line_buffered=False)
    sys.stderr = _text_stream(_Optional(STDERR, "wb", closefd=False), sys.stderr, is_line_buffered=True)
    return stdout


def _open_if_closed(descriptor: int, mode: int) -> None:
    """Opens /dev/null instead; otherwise the next file or socket would get the number, and be written to by `print`."""
    try:
        os.fstat(descriptor)
    except OSError:
        null = os.open(os.devnull, mode)
        if null != descriptor:
            os.dup2(null, descriptor)
            os.close(null)
        os.set_inheritable(descriptor, True)


def _text_stream(raw: io.FileIO, previous: object, *, is_line_buffered: bool) -> io.TextIOWrapper:
    """`previous`: None if the stream was closed when the program started."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(previous, "encoding", None) or "utf-8",
        errors=ERROR_HANDLER,
        line_buffering=is_line_buffered or raw.isatty() or bool(getattr(previous, "write_through", False)),
    )


def _substitute_or_escape(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(SUBSTITUTES.get(character) or _escape(character) for character in characters), error.end


def _escape(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode("ascii")
