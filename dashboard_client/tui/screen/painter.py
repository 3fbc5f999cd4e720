"""From one picture to the next in as few bytes as are needed. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from dashboard_client.tui.screen.frame import Frame

# DEC mode 2026: the terminal shows what stands between the two at once.
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
RESET = "\x1b[0m"


def paint(before: Frame | None, after: Frame, styles: Sequence[str], *, synchronized: bool = False) -> str:
    """What to write so that a terminal which shows `before` shows `after`; everything, without `before` or when the
    size has changed. Empty when nothing has. `styles`: for each style the sequence that begins it."""
    if before is not None and (before.height, before.width) != (after.height, after.width):
        before = None
    out: list[str] = []
    for y in range(after.height):
        chars, marks = after.chars[y], after.styles[y]
        first, last = 0, after.width
        if before is not None:
            old_chars, old_marks = before.chars[y], before.styles[y]
            if chars == old_chars and marks == old_marks:
                continue
            first, last = _changed(chars, marks, old_chars, old_marks)
        out.append(f"\x1b[{y + 1};{first + 1}H")
        _run(chars, marks, first, last, styles, out)
    if not out:
        return ""
    begin, end = (BEGIN, END) if synchronized else ("", "")
    return begin + "".join(out) + RESET + end


def _changed(chars: list[str], marks: list[int], old_chars: list[str], old_marks: list[int]) -> tuple[int, int]:
    """The columns from the first to after the last that differ, wide characters whole."""
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


def _run(chars: list[str], marks: list[int], first: int, last: int, styles: Sequence[str], out: list[str]) -> None:
    at = first
    while at < last:
        mark, end = marks[at], at + 1
        while end < last and marks[end] == mark:
            end += 1
        out.append(styles[mark])
        out.append("".join(chars[at:end]))
        at = end
