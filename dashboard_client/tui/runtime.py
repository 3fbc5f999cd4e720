"""Runs the event loop: feeds input, network events and ticks to `update`, paints frames, runs effects in threads."""

from __future__ import annotations

import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard_client.config import Config
from dashboard_client.tui.effect_runner import EffectRunner
from dashboard_client.tui.inbox import Inbox
from dashboard_client.tui.model import effects
from dashboard_client.tui.model.events import Event, Resize, Resumed, Tick
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen import painter, theme
from dashboard_client.tui.screen.frame import Frame
from dashboard_client.tui.screen.theme import Glyphs
from dashboard_client.tui.terminal import Terminal, unsupported_reason
from dashboard_client.tui.update.dispatch import begin_subscriptions, update
from dashboard_client.tui.view.render import render

TICK_S = 1.0
MIN_FRAME_INTERVAL_S = 0.05  # at most 20 frames per second for network events; keys repaint at once
MAX_EVENTS_PER_STEP = 500
WORKERS = 4


@dataclass(frozen=True, slots=True)
class Options:
    """Appearance and permissions."""

    is_read_only: bool = False
    wants_mouse: bool = True
    glyphs: Glyphs = theme.BRAILLE
    theme: str = "auto"


class Dashboard:
    """One dashboard on one terminal. `run` returns the exit code."""

    def __init__(self, config: Config, options: Options, terminal: Terminal) -> None:
        self.options, self.terminal = options, terminal
        height, width = terminal.size()
        self.state: State = State(
            server=config.server,
            width=width,
            height=height,
            now_s=time.monotonic(),
            wall=datetime.now(),
            is_read_only=options.is_read_only,
        )
        self.inbox = Inbox()
        self.pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="call")
        self.effect_runner = EffectRunner(config, self.inbox, self.pool, terminal)
        self.is_light = options.theme == "light"
        self.last_frame: Frame | None = None
        self.last_paint_s = 0.0
        self.is_quitting, self.is_resized, self.is_dirty = False, False, True

    def run(self) -> int:
        self.terminal.open()
        try:
            signals = self._catch_signals()
            self._paint()  # before the network modules are loaded
            self.terminal.query_features()
            if self.options.theme == "auto" and self.terminal.is_light():
                self.is_light, self.last_frame = True, None
            self.effect_runner.start()
            self._apply(begin_subscriptions(self.state))
            while not self.is_quitting:
                self._step()
        finally:
            self.terminal.close()
            self.effect_runner.stop()
            self.pool.shutdown(wait=False, cancel_futures=True)
        for number, previous in signals.items():
            signal.signal(number, previous)
        return 0

    def _catch_signals(self) -> dict[int, Any]:
        def end(*_: object) -> None:
            self.is_quitting = True
            self.inbox.wake_up()

        previous: dict[int, Any] = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}

        def resized(*_: object) -> None:
            self.is_resized = True  # even if the size is unchanged, the screen content is lost
            self.inbox.wake_up()

        previous[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, resized)
        return previous

    def _step(self) -> None:
        """Wait for input, an event or a tick; process it and repaint if needed."""
        now = time.monotonic()
        wait_s = max(0.0, self.state.now_s + TICK_S - now)
        if self.last_frame is None or self.is_dirty:
            wait_s = min(wait_s, max(0.0, self.last_paint_s + MIN_FRAME_INTERVAL_S - now))
        ready = self._wait_for_input(wait_s)
        has_input = self.terminal.input_fd in ready
        if has_input:
            for input_event in self.terminal.events():
                self.dispatch(input_event)
        for event in self.inbox.take(MAX_EVENTS_PER_STEP):
            self.dispatch(event)
        height, width = self.terminal.size()
        if self.is_resized or (height, width) != (self.state.height, self.state.width):
            self.is_resized, self.last_frame, self.is_dirty = False, None, True
            self.dispatch(Resize(width, height))
        now = time.monotonic()
        if now - self.state.now_s >= TICK_S:
            self.dispatch(Tick(now, datetime.now()))
        if self.is_dirty and (has_input or now - self.last_paint_s >= MIN_FRAME_INTERVAL_S):
            self._paint()

    def _wait_for_input(self, wait_s: float) -> list[int]:
        try:
            ready, _, _ = select.select([self.terminal.input_fd, self.inbox.wake], [], [], wait_s)
        except InterruptedError:
            return []
        return ready

    def dispatch(self, event: Event) -> None:
        """Pass an event to `update` and apply the transition."""
        self._apply(update(self.state, event))

    def _apply(self, transition: tuple[State, tuple[effects.Effect, ...]]) -> None:
        previous, (self.state, requested) = self.state, transition
        self.is_dirty = self.is_dirty or self.state is not previous
        for effect in requested:
            self._execute(effect)

    def _execute(self, effect: effects.Effect) -> None:
        if isinstance(effect, effects.Quit):
            self.is_quitting = True
        elif isinstance(effect, effects.SwitchTheme):
            self.is_light, self.last_frame, self.is_dirty = not self.is_light, None, True
        elif isinstance(effect, effects.Redraw):
            self.last_frame, self.is_dirty = None, True
            self.terminal.write("\x1b[2J")
        elif isinstance(effect, effects.Suspend):
            self.terminal.suspend()
            self.last_frame = None
            self.dispatch(Resumed())
        elif isinstance(effect, effects.CaptureMouse):
            self.terminal.catch_mouse(effect.is_enabled)
        else:
            self.effect_runner.run(effect)

    def _paint(self) -> None:
        frame = render(self.state, self.options.glyphs)
        if self.last_frame is None:
            self.terminal.write("\x1b[0m\x1b[2J")
        styles = theme.sequences(self.terminal.depth, self.is_light)
        text = painter.paint(self.last_frame, frame, styles, synchronized=self.terminal.is_synchronized)
        if text:
            self.terminal.write(text)
        self.last_frame, self.last_paint_s, self.is_dirty = frame, time.monotonic(), False


def crash_log_path(environ: os._Environ[str] | dict[str, str] = os.environ) -> Path:
    """The file to which crash tracebacks are appended."""
    home = environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "pm2site" / "dashboard-crash.log"


def run(config: Config, options: Options, print_status: Callable[[str], None]) -> int:
    """Run the dashboard until it is quit, or print one report if the terminal is unsuitable. After a crash, restore the
    terminal and print where the traceback is."""
    reason = unsupported_reason(os.environ)
    if reason:
        from dashboard_client.commands import snapshot  # rarely needed here

        print_status(f"{reason}: printing one report instead of the dashboard.")
        return snapshot.run(config, as_json=False)
    terminal = Terminal(wants_mouse=options.wants_mouse)
    try:
        return Dashboard(config, options, terminal).run()
    except Exception as error:  # noqa: BLE001 - last chance to restore the terminal
        terminal.close()
        path = crash_log_path()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as log:
                log.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}\n{traceback.format_exc()}\n")
        except OSError:
            traceback.print_exc()
        print_status(f"[ERROR] The dashboard failed: {type(error).__name__}: {error}. Traceback: {path}")
        return 1
