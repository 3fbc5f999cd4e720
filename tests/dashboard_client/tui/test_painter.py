"""The painter's output on a terminal emulator, and text in cells."""

from __future__ import annotations

import unicodedata

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard_client.formatting.width import cells, clipped, padded, width_of, wrapped, wrapped_hanging
from dashboard_client.tui.screen import painter, theme
from dashboard_client.tui.screen.frame import ROUND, Frame, Rect
from dashboard_client.tui.screen.theme import Style

HOSTILE = "abc ─│█世界é\u0301\u202e\u200b\u200d\x1b[31m\n\r\t\x00\x9b🙂👨\u200d👩\ud800\ufeff\uff21"
drawn = st.tuples(
    st.integers(-1, 13), st.integers(-2, 41), st.text(st.sampled_from(HOSTILE), max_size=30), st.sampled_from(list(Style)),
    st.none() | st.integers(0, 12),
)  # fmt: skip


def new_frame(height: int, width: int, texts: list[tuple[int, int, str, Style, int | None]]) -> Frame:
    frame = Frame(height, width)
    frame.box(Rect(1, 1, height // 2, width // 2), ROUND, Style.LINE)
    for y, x, text, style, limit in texts:
        frame.text(y, x, text, style, limit)
    return frame


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(drawn, max_size=8), min_size=1, max_size=6), st.sampled_from(theme.DEPTHS), st.booleans())
def test_the_emulator_shows_what_the_frame_holds(frames: list, depth: int, synchronized: bool) -> None:  # type: ignore[type-arg]
    screen = pyte.Screen(40, 12)
    stream = pyte.Stream(screen)
    before: Frame | None = None
    for texts in frames:
        after = new_frame(12, 40, texts)
        stream.feed(painter.paint(before, after, theme.sequences(depth, False), synchronized=synchronized))
        before = after
        displayed = ["".join(screen.buffer[y][x].data for x in range(40)) for y in range(12)]
        assert displayed == after.rows()


def test_nothing_is_written_when_nothing_has_changed() -> None:
    frame, same = new_frame(5, 20, []), new_frame(5, 20, [])

    assert painter.paint(frame, same, theme.sequences(256, False)) == ""
    same.text(4, 19, "x", Style.BAD)
    assert painter.paint(frame, same, theme.sequences(16, False)) == "\x1b[5;20H\x1b[0;1;31mx\x1b[0m"
    assert painter.paint(Frame(4, 20), same, theme.sequences(0, False)).count("\x1b[") > 5  # another size: everything


@given(st.text(max_size=60), st.integers(0, 30))
def test_text_fills_the_stated_width(text: str, width: int) -> None:
    for padded_text in (padded(text, width), padded(text, width, right=True)):
        assert len(cells(padded_text)) == width
    assert width_of(clipped(text, width)) <= width
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in clipped(text, width))
    assert all(width_of(line) <= width for line in wrapped(text, width))
    assert all(width_of(line) <= width for line in wrapped_hanging(text, width))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "  ok  errors    Every request was answered.",
            ["  ok  errors    Every request", "                was answered."],
        ),
        ("a sentence that goes on and on and on", ["a sentence that goes on and on", "and on"]),
        ("name  a path", ["name  a path"]),
        ("", [""]),
    ],
)
def test_continuation_lines_are_indented_to_the_last_column(text: str, expected: list[str]) -> None:
    assert wrapped_hanging(text, 32) == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("fastify", 7, "fastify"), ("fastify", 5, "fast…"), ("世界世界", 5, "世界…"), ("世界世界", 4, "世…"), ("a\x1b[2Jb", 9, "a·[2Jb"),
        ("\u202eevil", 9, "·evil"), ("e\u0301", 3, "e"), ("", 3, ""), ("abc", 0, ""),
    ],
)  # fmt: skip
def test_long_and_unprintable_text_is_clipped_and_replaced(text: str, width: int, expected: str) -> None:
    assert clipped(text, width) == expected


def test_a_wide_character_is_never_left_half_overwritten() -> None:
    frame = Frame(1, 6)
    frame.text(0, 0, "世界世")
    frame.text(0, 1, "x")
    frame.text(0, 4, "y")

    assert frame.rows() == [" x界y "]


@pytest.mark.parametrize(
    ("style", "depth", "is_light", "expected"),
    [
        (Style.BAD, 0, False, "\x1b[0;1m"), (Style.BAD, 16, False, "\x1b[0;1;31m"), (Style.DIM, 16, False, "\x1b[0;2;90m"),
        (Style.OK, 256, False, "\x1b[0;38;5;107m"), (Style.OK, 1 << 24, True, "\x1b[0;38;2;43;122;11m"), (Style.PLAIN, 256, True, "\x1b[0m"),
    ],
)  # fmt: skip
def test_a_style_at_a_depth(style: Style, depth: int, is_light: bool, expected: str) -> None:
    assert theme.sequences(depth, is_light)[style] == expected


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, Style.OK), (59.9, Style.OK), (60, Style.WARN), (80, Style.BAD), (101, Style.BAD)]
)
def test_colours_change_at_60_and_80_percent(percent: float, expected: Style) -> None:
    assert theme.level_style(percent) is expected
