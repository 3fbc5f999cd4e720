from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard_client.tui.inbox import Inbox
from dashboard_client.tui.model.events import Event, Missed, StreamData
from dashboard_client.tui.model.layout import Panel, centred, solve
from dashboard_client.tui.screen import chart, theme
from dashboard_client.tui.screen.frame import Rect


@given(st.integers(1, 90), st.integers(1, 300), st.sampled_from(list(Panel)), st.booleans())
def test_every_cell_belongs_to_exactly_one_part(height: int, width: int, focus: Panel, is_zoomed: bool) -> None:
    layout = solve(height, width, focus, is_zoomed=is_zoomed)
    parts = [*layout.panels.values(), *filter(None, (layout.title, layout.keys, layout.tabs, layout.line))]
    covered = [(y, x) for rect in parts for y in range(rect.y, rect.bottom) for x in range(rect.x, rect.right)]

    assert len(covered) == len(set(covered))
    assert len(covered) == (width if layout.line else height * width)
    assert focus in layout.panels or layout.line or (height, width) >= (24, 80)


@pytest.mark.parametrize(
    ("height", "width", "panels"),
    [(45, 160, 7), (32, 120, 7), (31, 120, 6), (24, 80, 6), (23, 80, 1), (12, 40, 1), (5, 20, 0)],
)
def test_the_number_of_panels_depends_on_the_size(height: int, width: int, panels: int) -> None:
    assert len(solve(height, width).panels) == panels


def test_windows_are_centred_and_clipped_to_the_screen() -> None:
    assert centred(Rect(0, 0, 24, 80), 10, 40) == Rect(7, 20, 10, 40)
    assert centred(Rect(0, 0, 5, 20), 10, 40) == Rect(0, 0, 5, 20)


def test_a_chart_draws_points_as_glyphs() -> None:
    assert chart.line([0, 100, None, 100], 1, 2, 0, 100, theme.BRAILLE) == ["⡸⠈"]
    assert chart.line([0.0, 50.0, 100.0], 2, 3, 0, 100, theme.BLOCKS) == ["  █", "▁██"]
    assert chart.line([], 1, 4, 0, 100, theme.BLOCKS) == ["    "]
    assert chart.downsampled([1.0, 9.0, 2.0, 3.0], 2) == [9.0, 3.0]
    assert chart.bar(0.5, 4, theme.PLAIN_ASCII) == "##.."


@given(st.lists(st.none() | st.floats(-10, 200), max_size=100), st.integers(0, 12), st.integers(0, 60))
def test_a_chart_fills_its_size(points: list[float | None], height: int, width: int) -> None:
    for glyphs in (theme.BRAILLE, theme.BLOCKS, theme.PLAIN_ASCII):
        rows = chart.line(points, height, width, 0, 100, glyphs)
        assert [len(row) for row in rows] == [width] * (height if width else 0)


def test_the_inbox_keeps_the_newest_gauge_and_reports_lost_lines() -> None:
    inbox = Inbox()
    for number in range(5000):
        inbox.put(StreamData("pm2:stats", number, 0.0))
        inbox.put(StreamData("pm2:logs", number, 0.0))
    taken: list[Event] = []
    while batch := inbox.take(500):
        taken += batch
    inbox.close()

    assert [event.value for event in taken if isinstance(event, StreamData) and event.stream == "pm2:stats"] == [4999]
    assert [event.value for event in taken if isinstance(event, StreamData) and event.stream == "pm2:logs"] == list(
        range(3000, 5000)
    )
    assert [event for event in taken if isinstance(event, Missed)] == [Missed("pm2:logs", None)]
