"""Renders the difference between two frames as terminal output. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from dashboard_client.tui.screen.frame import Frame

# DEC mode 2026: synchronized output.
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
RESET = "\x1b[0m"


def paint(previous: Frame | None, frame: Frame, styles: Sequence[str], *, synchronized: bool = False) -> str:
    """Returns the output that turns `previous` into `frame`; the caller writes it. `styles`: their escape sequences.

    All rows if `previous` is None or has another size, empty if nothing changed.
    """
    if previous is not None and (previous.height, previous.width) != (frame.height, frame.width):
        previous = None
    out: list[str] = []
    for y in range(frame.height):
        chars, marks = frame.chars[y], frame.styles[y]
        first, last = 0, frame.width
        if previous is not None:
            old_chars, old_marks = previous.chars[y], previous.styles[y]
            if chars == old_chars and marks == old_marks:
                continue
            first, last = _changed_span(chars, marks, old_chars, old_marks)
        out.append(f"\x1b[{y + 1};{first + 1}H")
        _append_runs(chars, marks, first, last, styles, out)
    if not out:
        return ""
    begin, end = (BEGIN, END) if synchronized else ("", "")
    return begin + "".join(out) + RESET + end


def _changed_span(chars: list[str], marks: list[int], old_chars: list[str], old_marks: list[int]) -> tuple[int, int]:
    """The first changed column and the one after the last, without splitting wide characters."""
    first, last = 0, len(chars)
    while chars[first] == old_chars[first] and marks[first] == old_marks[first]:
        first += 1
    while chars[last - 1] == old_chars[last - 1] and marks[last - 1] == old_marks[last - 1]:
        last -= 1
    while first and (chars[first] == "" or old_chars[first] == ""):
        first -= 1
    while last < len(chars) and (chars[last] == "" or old_chars[last] == ""):
        last += 1
    return first, last


def _append_runs(
    chars: list[str], marks: list[int], first: int, last: int, styles: Sequence[str], out: list[str]
) -> None:
    start = first
    while start < last:
        style, end = marks[start], start + 1
        while end < last and marks[end] == style:
            end += 1
        out.append(styles[style])
        out.append("".join(chars[start:end]))
        start = end
