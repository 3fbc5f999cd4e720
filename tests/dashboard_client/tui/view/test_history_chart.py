"""Charts with a recorded night: golden frames, gaps, marks, the cursor, and the vertical axis.

After an intended change, rewrite the files with `UPDATE_FRAMES=1 pytest tests/dashboard_client/tui/view` and read the
diff.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard_client.formatting.width import width_of
from dashboard_client.tui.model import events
from dashboard_client.tui.model.charts import NO_CHART, Chart, Past, Point, Series
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen import chart as drawing
from dashboard_client.tui.screen import painter, theme
from dashboard_client.tui.view.details import value_range
from dashboard_client.tui.view.history_chart import plot
from dashboard_client.tui.view.render import render
from dashboard_client.wire.metric_history import Annotation, Interval, MetricHistory
from tests.dashboard_client.recorded_scenes import NOW, pressed, recorded
from tests.dashboard_client.tui import scenes

FOLDER = Path(__file__).parents[3] / "data" / "frames"
GLYPHS: Mapping[str, theme.Glyphs] = {"braille": theme.BRAILLE, "blocks": theme.BLOCKS, "ascii": theme.PLAIN_ASCII}
DAY = ("]",) * 4


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def on_the_crash(state: State) -> State:
    """The cursor where the app has exited."""
    return next(
        moved
        for moved in (pressed(state, *["left"] * count) for count in range(1, 60))
        if "api 3 exited" in "".join(render(moved, theme.BRAILLE).rows())
    )


SCENES: Mapping[str, Callable[[State], State]] = {
    "day": lambda state: pressed(state, "6", *DAY),
    "crash": lambda state: on_the_crash(pressed(state, "6", *DAY)),
    "fortnight": lambda state: pressed(state, "7", *DAY, "]", "]", "<"),
    "process": lambda state: on_the_crash(pressed(state, "enter", *DAY)),
    "node": lambda state: pressed(state, "2", "enter", *DAY, "tab"),
    "zoom": lambda state: pressed(state, "6", "e", *DAY),
}
CASES = (
    *((scene, width, height, "braille") for scene in SCENES for width, height in ((80, 24), (120, 40))),
    *((scene, 80, 24, glyphs) for scene in ("crash", "process") for glyphs in ("blocks", "ascii")),
    ("process", 200, 60, "braille"),
)


@pytest.mark.parametrize(("scene", "width", "height", "glyphs"), CASES)
def test_a_recorded_night_matches_its_golden_file(scene: str, width: int, height: int, glyphs: str) -> None:
    frame = render(SCENES[scene](recorded(width, height)), GLYPHS[glyphs])
    text = "".join(f"{row}|\n" for row in frame.rows())
    file = FOLDER / f"history-of-{scene}-{width}x{height}-{glyphs}.txt"
    if os.environ.get("UPDATE_FRAMES"):
        file.write_text(text)

    assert text == file.read_text()
    assert glyphs != "ascii" or text.isascii()


@pytest.mark.parametrize("depth", [0, 256])
def test_the_area_and_the_mean_differ_without_colours_too(depth: int) -> None:
    frame = render(SCENES["crash"](recorded(80, 24)), theme.BRAILLE)
    written = re.sub(r"(?=\x1b\[\d+;1H)", "\n", painter.paint(None, frame, theme.sequences(depth, is_light=False)))
    file = FOLDER / f"history-of-crash-80x24-braille-{depth}-dark.ansi"
    if os.environ.get("UPDATE_FRAMES"):
        file.write_text(written)

    assert written == file.read_text()


def screen_of(state: State) -> str:
    return "\n".join(render(state, theme.BRAILLE).rows())


def test_without_a_history_the_last_minute_is_as_it_was() -> None:
    state = scenes.live()
    call_id = next(call_id for call_id, call in state.pending_calls.items() if call.purpose.startswith("chart"))
    without, _ = scenes.play(state, events.ApiFailed(call_id, "off", "history_off", 503))

    assert (
        screen_of(without)
        == screen_of(state)
        == (FOLDER / "live-120x32-braille.txt").read_text().replace("|\n", "\n")[:-1]
    )


@pytest.mark.parametrize(
    ("code", "status", "line"),
    [("history_off", 503, "HISTORY=0 is set."), ("", 404, "this server has no history of metrics"), ("x", 500, "HISTORY=0 is set.")],
)  # fmt: skip
def test_a_longer_range_says_in_one_quiet_line_why_it_is_short(code: str, status: int, line: str) -> None:
    state, _ = scenes.keys(scenes.live(), "6")
    for call_id in [key for key, call in state.pending_calls.items() if call.purpose.startswith("chart host.cpu")]:
        state, _ = scenes.play(state, events.ApiFailed(call_id, "HISTORY=0 is set.", code, status))
    if status == 500:
        state, _ = scenes.keys(state, "]")
        call_id = next(key for key, call in state.pending_calls.items() if "host.cpu" in call.purpose)
        state, _ = scenes.play(state, events.ApiFailed(call_id, "HISTORY=0 is set.", code, status))
    else:
        state, _ = scenes.keys(state, "]")

    rows = render(state, theme.BRAILLE).rows()
    assert [index for index, row in enumerate(rows) if line in row] == [9]
    assert "now 61 %" in rows[1]
    assert any(re.search("[⠁-⣿]", row[:60]) for row in rows[2:8])


def test_a_request_in_flight_is_visible_at_its_range() -> None:
    state, _ = scenes.keys(recorded(), "6", *DAY)

    assert " %  1 d … ─╮" in screen_of(state)
    assert " %  1 d ─╮" in screen_of(pressed(recorded(), "6", *DAY))


ODD = MetricHistory(
    "host.cpu", None, "percent", 0.0,
    points=((1e9, -1e300, 0.0, 1e300), (1.7e9, 5.0, 1.0, 3.0), (2e9, 1.0, 1.0, 1.0)),
    annotations=(Annotation(NOW, "\x1b[2J", "漢字" * 200), Annotation(NOW - timedelta(hours=2), "exit", "")),
)  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(
    st.integers(0, 210), st.integers(0, 62), st.sampled_from(sorted(GLYPHS)), st.sampled_from(["6", "7", "enter", "e"]),
    st.lists(st.sampled_from(["]", "[", "left", "right", "<", ">", "tab", "home", "e", "odd"]), max_size=12),
)  # fmt: skip
def test_a_chart_of_any_size_and_answer_is_a_frame(
    width: int, height: int, glyphs: str, opened: str, steps: list[str]
) -> None:
    state = pressed(recorded(120, 32), opened)
    for step in steps:
        if step == "odd":
            state, _ = scenes.keys(state, "]")
            waiting = [key for key, call in state.pending_calls.items() if call.purpose.startswith("chart")]
            state, _ = scenes.play(state, *(events.ApiSucceeded(call_id, ODD) for call_id in waiting))
        else:
            state = pressed(state, step)
    frame = render(replace(state, width=width, height=height), GLYPHS[glyphs])

    assert {len(row) for row in frame.chars} <= {width}
    assert all(row.isprintable() and width_of(row) == width for row in frame.rows())


def columns(series: Series, points: tuple[Point, ...] = (), chart: Chart = NO_CHART, width: int = 60) -> str:
    """A letter for each column: h has a value of the history, l one of the stream."""
    state = replace(scenes.empty(), server_clock_s=1e9 - scenes.NOW_S)
    plotted = plot(state, chart, series, points, width, theme.BLOCKS)
    return "".join(" " if one is None else "h" if one.start_s else "l" for one in plotted.columns)


def intervals(*begins: float, length_s: float = 10.0) -> Series:
    past = Past(tuple(Interval(1e9 - begin, 1.0, 2.0, 3.0) for begin in begins), length_s)
    return Series("host.cpu", past=past)


def live(*ages: float) -> tuple[Point, ...]:
    return tuple(Point(scenes.NOW_S - age, 5.0) for age in ages)


def test_the_stream_goes_before_the_history_in_a_short_range_and_behind_it_in_a_long_one() -> None:
    series, points = intervals(60, 50, 30, 20, 10), live(*range(15, -1, -1))

    assert columns(series, points) == "h" * 20 + " " * 10 + "h" * 14 + "l" * 16
    hour = intervals(*range(3600, 0, -60), length_s=60)
    assert columns(hour, points, Chart(range=2)) == "h" * 60
    assert columns(intervals(3600, 1800, length_s=60), points, Chart(range=2)) == "h" + " " * 29 + "h" + " " * 28 + "l"


def test_after_the_newest_sample_of_the_stream_nothing_is_drawn() -> None:
    assert columns(intervals(20, 10), live(5, 4)) == " " * 40 + "h" * 14 + "ll" + " " * 4
    assert columns(intervals(20, 10)) == " " * 40 + "h" * 20


def test_missed_samples_of_the_stream_are_a_gap() -> None:
    assert columns(Series("host.cpu"), live(30.5, 28.5, 20.5, 19.5)) == " " * 29 + "lll" + " " * 7 + "ll" + " " * 19


def test_a_stopped_chart_has_no_samples_from_after_its_end() -> None:
    stopped = Chart(end_s=1e9 - 30, cursor_s=1e9 - 31)

    assert columns(Series("host.cpu"), live(*range(59, -1, -1)), stopped) == " " * 30 + "l" * 30
    later = (*live(31), Point(scenes.NOW_S - 20, 99.0))
    state = replace(scenes.empty(), server_clock_s=1e9 - scenes.NOW_S)
    assert [one.high for one in plot(state, stopped, Series("host.cpu"), later, 60, theme.BLOCKS).values] == [5.0]


def test_a_gap_is_never_a_line() -> None:
    band = [(1.0, 2.0, 3.0)] * 8 + [None] * 8 + [(8.0, 9.0, 10.0)] * 8

    for row in drawing.band(band, 4, 12, 0.0, 10.0, theme.BRAILLE):
        assert [cell for cell, _ in row[4:8]] == [" "] * 4


@given(
    st.lists(st.none() | st.floats(0, 100), min_size=1, max_size=60), st.integers(1, 8),
    st.sampled_from([theme.BRAILLE, theme.BLOCKS]),
)  # fmt: skip
def test_where_minimum_and_maximum_are_equal_the_area_is_the_line(
    values: list[float | None], height: int, glyphs: theme.Glyphs
) -> None:
    width = (len(values) + 1) // 2 if glyphs.dots else len(values)
    values = [*values, None][: 2 * width] if glyphs.dots else values
    band = drawing.band(
        [None if value is None else (value, value, value) for value in values], height, width, 0, 100, glyphs
    )
    expected = drawing.line(values, height, width, 0, 100, glyphs)

    assert ["".join(cell for cell, _ in row) for row in band] == expected
    assert {is_line for row in band for _, is_line in row} == {True}


@given(st.floats(0, 1e12), st.floats(0, 1e12), st.sampled_from(["percent", "bytes", "milliseconds", "perSecond"]))
def test_the_vertical_axis_contains_the_values_in_few_steps(first: float, second: float, unit: str) -> None:
    low, high = sorted((first, second))

    bottom, top = value_range([low], [high], unit)
    assert bottom <= low <= high <= top
    assert bottom == 0 or unit == "bytes"
    assert top - bottom <= 10 * max(high - bottom, abs(high) * 0.05, 2.0**20)
