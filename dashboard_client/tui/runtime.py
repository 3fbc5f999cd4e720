"""The loop: keys, the network and the clock in; pictures out; what is asked for is done beside it, in threads."""

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
from dashboard_client.tui.effect_runner import Performer
from dashboard_client.tui.inbox import Inbox
from dashboard_client.tui.model import effects
from dashboard_client.tui.model.events import Event, Resize, Resumed, Tick
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen import painter, theme
from dashboard_client.tui.screen.frame import Frame
from dashboard_client.tui.screen.theme import Glyphs
from dashboard_client.tui.terminal import Terminal, unfit
from dashboard_client.tui.update.dispatch import begin_subscriptions, update
from dashboard_client.tui.view.render import render

TICK_S = 1.0
FRAME_S = 0.05  # what the network brings is shown at most twenty times a second; a key's effect at once
BATCH = 500
WORKERS = 4


@dataclass(frozen=True, slots=True)
class Options:
    """How it shall look, and what it may do."""

    is_readonly: bool = False
    wants_mouse: bool = True
    glyphs: Glyphs = theme.BRAILLE
    theme: str = "auto"


class Dashboard:
    """One screen on one terminal. `run` ends with the program's exit code."""

    def __init__(self, config: Config, options: Options, terminal: Terminal) -> None:
        self.options, self.terminal = options, terminal
        height, width = terminal.size()
        self.state: State = State(
            server=config.server,
            width=width,
            height=height,
            now_s=time.monotonic(),
            wall=datetime.now(),
            is_readonly=options.is_readonly,
        )
        self.inbox = Inbox()
        self.pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="call")
        self.performer = Performer(config, self.inbox, self.pool, terminal)
        self.is_light = options.theme == "light"
        self.painted: Frame | None = None
        self.painted_s = 0.0
        self.is_ending, self.is_resized, self.is_dirty = False, False, True

    def run(self) -> int:
        self.terminal.open()
        try:
            signals = self._catch_signals()
            self._paint()  # before the network's modules are even loaded
            self.terminal.ask()
            if self.options.theme == "auto" and self.terminal.is_light():
                self.is_light, self.painted = True, None
            self.performer.start()
            self._follow(begin_subscriptions(self.state))
            while not self.is_ending:
                self._turn()
        finally:
            self.terminal.close()
            self.performer.stop()
            self.pool.shutdown(wait=False, cancel_futures=True)
        for number, before in signals.items():
            signal.signal(number, before)
        return 0

    def _catch_signals(self) -> dict[int, Any]:
        def end(*_: object) -> None:
            self.is_ending = True
            self.inbox.ring()

        before: dict[int, Any] = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}

        def resized(*_: object) -> None:
            self.is_resized = True  # even back to the same size: what was on the screen is gone
            self.inbox.ring()

        before[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, resized)
        return before

    def _turn(self) -> None:
        """Wait for whatever comes first, take it in, show it."""
        now = time.monotonic()
        wait_s = max(0.0, self.state.now_s + TICK_S - now)
        if self.painted is None or self.is_dirty:
            wait_s = min(wait_s, max(0.0, self.painted_s + FRAME_S - now))
        ready = self._ready(wait_s)
        typed = self.terminal.input in ready
        if typed:
            for stroke in self.terminal.events():
                self.dispatch(stroke)
        for event in self.inbox.take(BATCH):
            self.dispatch(event)
        height, width = self.terminal.size()
        if self.is_resized or (height, width) != (self.state.height, self.state.width):
            self.is_resized, self.painted, self.is_dirty = False, None, True
            self.dispatch(Resize(width, height))
        now = time.monotonic()
        if now - self.state.now_s >= TICK_S:
            self.dispatch(Tick(now, datetime.now()))
        if self.is_dirty and (typed or now - self.painted_s >= FRAME_S):
            self._paint()

    def _ready(self, wait_s: float) -> list[int]:
        try:
            ready, _, _ = select.select([self.terminal.input, self.inbox.wake], [], [], wait_s)
        except InterruptedError:
            return []
        return ready

    def dispatch(self, event: Event) -> None:
        """Let `update` say what follows, and do it."""
        self._follow(update(self.state, event))

    def _follow(self, outcome: tuple[State, tuple[effects.Effect, ...]]) -> None:
        before, (self.state, wanted) = self.state, outcome
        self.is_dirty = self.is_dirty or self.state is not before
        for effect in wanted:
            self._do(effect)

    def _do(self, effect: effects.Effect) -> None:
        if isinstance(effect, effects.Quit):
            self.is_ending = True
        elif isinstance(effect, effects.SwitchTheme):
            self.is_light, self.painted, self.is_dirty = not self.is_light, None, True
        elif isinstance(effect, effects.Redraw):
            self.painted, self.is_dirty = None, True
            self.terminal.write("\x1b[2J")
        elif isinstance(effect, effects.Suspend):
            self.terminal.suspend()
            self.painted = None
            self.dispatch(Resumed())
        elif isinstance(effect, effects.CaptureMouse):
            self.terminal.catch_mouse(effect.is_enabled)
        else:
            self.performer.perform(effect)

    def _paint(self) -> None:
        frame = render(self.state, self.options.glyphs)
        if self.painted is None:
            self.terminal.write("\x1b[0m\x1b[2J")
        styles = theme.sequences(self.terminal.depth, self.is_light)
        text = painter.paint(self.painted, frame, styles, synchronized=self.terminal.is_synchronized)
        if text:
            self.terminal.write(text)
        self.painted, self.painted_s, self.is_dirty = frame, time.monotonic(), False


def crash_file(environ: os._Environ[str] | dict[str, str] = os.environ) -> Path:
    """Where the trace of a crash is kept."""
    home = environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "pm2site" / "dashboard-crash.log"


def run(config: Config, options: Options, told: Callable[[str], None]) -> int:
    """Show the dashboard until it is left; where no screen can be drawn, one report. A crash gives the terminal back,
    and says where its trace is."""
    reason = unfit(os.environ)
    if reason:
        from dashboard_client.commands import snapshot  # reports are seldom wanted here
        from dashboard_client.network.api import Api

        told(f"{reason}: one report instead of the dashboard.")
        return snapshot.run(Api(config), as_json=False)
    terminal = Terminal(wants_mouse=options.wants_mouse)
    try:
        return Dashboard(config, options, terminal).run()
    except Exception as error:  # noqa: BLE001 - the last place where the terminal can be given back
        terminal.close()
        path = crash_file()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as log:
                log.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}\n{traceback.format_exc()}\n")
        except OSError:
            traceback.print_exc()
        told(f"[ERROR] The dashboard failed: {type(error).__name__}: {error}. The whole trace: {path}")
        return 1
