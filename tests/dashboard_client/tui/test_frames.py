"""Rendered frames: compared with golden files for many sizes, states and glyphs; and properties of arbitrary frames.

The files in tests/data/frames are meant to be read in review. After an intended change, rewrite them with
`UPDATE_FRAMES=1 pytest tests/dashboard_client/tui/test_frames.py` and read the diff.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard_client.formatting.width import width_of
from dashboard_client.tui.model import effects, events, keymap
from dashboard_client.tui.model.events import NAMED_KEYS, Mouse
from dashboard_client.tui.model.server_requests import Confirmation
from dashboard_client.tui.model.state import State
from dashboard_client.tui.model.windows import Confirm
from dashboard_client.tui.screen import painter, theme
from dashboard_client.tui.screen.frame import Frame
from dashboard_client.tui.update.dispatch import update
from dashboard_client.tui.view.render import render
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkResults
from dashboard_client.wire.host_and_pm2 import (
    Activity,
    ActivityEntry,
    Counts,
    HostStats,
    LogLine,
    LogLines,
    Pm2Stats,
    Process,
)
from tests.dashboard_client.tui import scenes

FOLDER = Path(__file__).parents[2] / "data" / "frames"
SIZES = ((160, 45), (120, 32), (80, 24), (40, 12), (20, 5))
GLYPHS: Mapping[str, theme.Glyphs] = {"braille": theme.BRAILLE, "blocks": theme.BLOCKS, "ascii": theme.PLAIN_ASCII}
Scene = Callable[[int, int], State]
SCENES: Mapping[str, Scene] = {
    "connecting": scenes.empty, "never": scenes.never, "refused": scenes.refused, "live": scenes.live,
    "running": scenes.running, "offline": scenes.offline,
    **{
        name: (lambda width, height, pressed=pressed: scenes.keys(scenes.live(width, height), *pressed)[0])  # type: ignore[misc]
        for name, pressed in {
            "menu": "m", "palette": ":cl", "confirm": "D", "help": "?", "history": "b", "prompt": "2n",
            "paused": "p", "zoom": "e", "logs": "L", "filter": "/exp",
        }.items()
    },
}  # fmt: skip


def text_of(frame: Frame) -> str:
    """Every row ends with `|`, so that trailing spaces are visible."""
    return "".join(f"{row}|\n" for row in frame.rows())


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


CASES = (
    *((scene, *size, "braille") for scene in SCENES for size in SIZES),
    *((scene, 120, 32, glyphs) for scene in ("running", "offline", "menu") for glyphs in ("blocks", "ascii")),
)


@pytest.mark.parametrize("height", [8, 9, 10, 12])
@pytest.mark.parametrize("width", [32, 40, 80])
@pytest.mark.parametrize(("typed", "question"), [("D", "y yes"), (":delete all processes…", "delete? ")])
def test_a_question_is_inside_its_window(width: int, height: int, typed: str, question: str) -> None:
    state, _ = scenes.keys(scenes.live(width, height), *typed, *(["enter"] if typed != "D" else []))
    lines = text_of(render(state, GLYPHS["braille"])).splitlines()
    inside = [line for line in lines if "│" in line]

    assert any(question in line or "to confirm: _" in line for line in inside)
    assert all("│" in line or "─" in line for line in lines[2:-1] if question in line)
    assert sum("╰" in line for line in lines) >= 1


@pytest.mark.parametrize(("scene", "width", "height", "glyphs"), CASES)
def test_a_frame_matches_its_golden_file(scene: str, width: int, height: int, glyphs: str) -> None:
    text = text_of(render(SCENES[scene](width, height), GLYPHS[glyphs]))
    file = FOLDER / f"{scene}-{width}x{height}-{glyphs}.txt"
    if os.environ.get("UPDATE_FRAMES"):
        file.write_text(text)

    assert text == file.read_text()


PAINTED = (
    *(
        (scene, depth, glyphs, "dark")
        for scene in ("running", "confirm")
        for depth in theme.DEPTHS
        for glyphs in GLYPHS
    ),
    *(("running", depth, "braille", "light") for depth in theme.DEPTHS),
)


@pytest.mark.parametrize(("scene", "depth", "glyphs", "ground"), PAINTED)
def test_colours_match_their_golden_file(scene: str, depth: int, glyphs: str, ground: str) -> None:
    """The output written to the terminal, one row per line; `cat` shows the frame."""
    frame = render(SCENES[scene](80, 24), GLYPHS[glyphs])
    painted = painter.paint(None, frame, theme.sequences(depth, ground == "light"))
    written = re.sub(r"(?=\x1b\[\d+;1H)", "\n", painted)
    file = FOLDER / f"{scene}-80x24-{glyphs}-{depth}-{ground}.ansi"
    if os.environ.get("UPDATE_FRAMES"):
        file.write_text(written)

    assert written == file.read_text()


@pytest.mark.parametrize("scene", SCENES)
def test_ascii_glyphs_give_ascii_only(scene: str) -> None:
    assert text_of(render(SCENES[scene](100, 30), theme.PLAIN_ASCII)).isascii()


NASTY = "\x1b[2J\x1b]52;c;ZXZpbA==\x07\u202eevil\u0301 漢字 \U0001f469\u200d\U0001f4bb\t\r\n" + "w" * 300


def hostile(state: State) -> State:
    process = Process(0, NASTY, status=NASTY, framework=NASTY, pid=-5, cpu=1e300, memory_bytes=-1)
    hostile_events = (
        events.StreamData("pm2:stats", Pm2Stats((process,) * 3, Counts(-1, 99)), scenes.NOW_S),
        events.StreamData("activity", Activity((ActivityEntry(NASTY, None, NASTY, message=NASTY),)), scenes.NOW_S),
        events.StreamData("pm2:logs", LogLines((LogLine(NASTY, NASTY),)), scenes.NOW_S),
        events.StreamData("unknown-stream", object(), scenes.NOW_S),
        events.ErrorReported(NASTY),
    )
    state, _ = scenes.play(state, *hostile_events)
    if any(call.purpose == "latest" for call in state.pending_calls.values()):
        state = scenes.answer(state, "latest", BenchmarkResults((BenchmarkResult(NASTY, 1e18, NASTY, endpoint=NASTY),)))
    return state


def test_figures_that_are_unreadable_leave_a_reason_in_their_panels() -> None:
    reasons = {"cpu": "/proc/stat: Permission denied", "memory": "/proc/meminfo: Permission denied"}
    hidden = HostStats(None, None, None, hostname="bench-1", unreadable=reasons)
    state, _ = scenes.play(scenes.empty(120, 32), events.StreamData("system:metrics", hidden, scenes.NOW_S))
    text = text_of(render(state, theme.BRAILLE))

    assert [f"Not readable: {reason}" in text for reason in reasons.values()] == [True, True]
    for width, height in SIZES:
        assert render(replace(state, width=width, height=height), theme.BRAILLE).width == width


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 170), st.integers(0, 50), st.sampled_from(sorted(SCENES)), st.sampled_from(sorted(GLYPHS)),
    st.booleans(), st.lists(st.sampled_from(["1", "2", "3", "4", "5", "tab", "e", "enter", "b", "L", "m", "?"]), max_size=3),
)  # fmt: skip
def test_a_frame_always_has_its_size_and_no_control_characters(
    width: int, height: int, scene: str, glyphs: str, is_hostile: bool, pressed: list[str]
) -> None:
    state = scenes.keys(SCENES[scene](width, height), *pressed)[0]
    frame = render(hostile(state) if is_hostile else state, GLYPHS[glyphs])

    assert (frame.height, frame.width) == (height, width)
    assert {len(row) for row in frame.chars} <= {width}
    for row in frame.rows():
        assert row.isprintable()
        assert width_of(row) == width


KEYS = (
    *(key for binding in keymap.BINDINGS for key in binding.keys),
    *NAMED_KEYS,
    "x",
    "1",
    "ctrl-u",
    "ctrl-w",
    "delete",
    "clean",
)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(sorted(SCENES)), st.lists(st.sampled_from(KEYS), max_size=40))
def test_no_key_sequence_sends_a_dangerous_call_unconfirmed(scene: str, pressed: list[str]) -> None:
    state = SCENES[scene](100, 30)
    for key in pressed:
        before = state.top_window
        state, key_effects = update(state, events.Key(key))
        for effect in key_effects:
            if isinstance(effect, effects.Call) and effect.api_method in DANGEROUS_ENDPOINTS:
                assert isinstance(before, Confirm)
                assert before.request.confirmation is not Confirmation.NONE
                assert key in ("y", "enter")
                assert key == "y" or before.typed == before.request.word != ""
    render(state, theme.BRAILLE)


DANGEROUS_ENDPOINTS = {
    "pm2_stop", "pm2_restart", "pm2_delete", "pm2_stop_all", "pm2_restart_all", "pm2_delete_all", "redis_stop",
    "redis_clean", "benchmark_clear", "benchmark_cancel",
}  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(
    st.integers(-5, 200), st.integers(-5, 60), st.sampled_from(["press", "up", "down"]), st.sampled_from(sorted(SCENES))
)
def test_the_mouse_causes_no_effects_outside_the_key_bar(x: int, y: int, kind: str, scene: str) -> None:
    state, mouse_effects = update(SCENES[scene](120, 32), Mouse(kind, x, y))

    assert mouse_effects == () or (kind == "press" and y == 31)  # y 31: the key bar
    render(state, theme.BRAILLE)
