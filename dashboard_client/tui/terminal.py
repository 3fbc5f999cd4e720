"""Takes over the terminal, reads its input as events and restores it. [io: blessed]"""

from __future__ import annotations

import base64
import codecs
import os
import select
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress

from dashboard_client.tui.model.events import NAMED_KEYS, Key, Mouse, Pasted

ESCAPE_S = 0.05  # timeout for the rest of an escape sequence; blessed would wait 0.35 s after each Esc
QUERY_TIMEOUT_S = 0.25  # a terminal that does not answer is queried twice while opening, and once later
CLIPBOARD_BYTES = 74_994  # encoded; the limit of xterm and tmux
# Resets all modes after an exception: sync, mouse, paste, cursor, colours, alternate screen.
RESET_ALL = "\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?25h\x1b[0m\x1b[?1049l"
REPLACED = "\ufffd"  # from undecodable bytes
_NAMES = {
    "KEY_PGUP": "pageup",
    "KEY_PGDOWN": "pagedown",
    "KEY_BTAB": "backtab",
    "KEY_SHIFT_TAB": "backtab",
    "KEY_EXIT": "escape",
}
_MOUSE = {"MOUSE_LEFT": "press", "MOUSE_SCROLL_UP": "up", "MOUSE_SCROLL_DOWN": "down"}


def unsupported_reason(environ: Mapping[str, str]) -> str:
    """Why the dashboard cannot run on this terminal; empty if it can."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "Standard input or output is not a terminal"
    if environ.get("TERM", "") in ("", "dumb"):
        return f"TERM={environ.get('TERM', '')} does not support cursor movement"
    return ""


class Terminal:
    """Owns the screen between `open` and `close`. Main thread only."""

    def __init__(self, *, wants_mouse: bool = True, depth: int | None = None) -> None:
        # blessed also disables cursor movement on NO_COLOR, and treats a pipe as a terminal on FORCE_COLOR.
        no_colour = bool(os.environ.pop("NO_COLOR", ""))
        os.environ.pop("FORCE_COLOR", None)
        os.environ.setdefault("BLESSED_QUERY_TIMEOUT_SECONDS", str(QUERY_TIMEOUT_S))  # read when blessed is imported
        from blessed import Terminal as Blessed

        self._blessed = Blessed()
        # blessed's own decoder is strict: invalid UTF-8 from a keyboard or a pasted file would raise.
        self._blessed._keyboard_decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._wants_mouse = wants_mouse
        self._modes = ExitStack()
        self._mouse = ExitStack()
        self.is_open = False
        self.is_synchronized = False
        self.depth = 0 if no_colour else _colour_depth(self._blessed.number_of_colors) if depth is None else depth

    def size(self) -> tuple[int, int]:
        """Current height and width in cells."""
        return max(1, self._blessed.height), max(1, self._blessed.width)

    def open(self) -> None:
        term = self._blessed
        self._modes.enter_context(term.raw())  # Ctrl-C, Ctrl-S and Ctrl-Z arrive as keys and cannot stop the program
        self._modes.enter_context(term.fullscreen())
        self._modes.enter_context(term.hidden_cursor())
        self.is_open = True

    def query_features(self) -> None:
        """Detect optional features; called after the first frame, because some terminals do not answer."""
        with suppress(Exception):  # any failure means: unsupported
            self.is_synchronized = bool(self._blessed.does_synchronized_output(timeout=QUERY_TIMEOUT_S))
        self.catch_mouse(self._wants_mouse)

    def catch_mouse(self, enabled: bool) -> None:
        self._mouse.close()
        if enabled and self._wants_mouse and self.is_open:
            with suppress(Exception):
                self._mouse.enter_context(self._blessed.mouse_enabled(timeout=QUERY_TIMEOUT_S))

    def is_light(self) -> bool:
        """Whether the terminal reports a light background."""
        with suppress(Exception):
            return bool(self._blessed.get_color_scheme(timeout=QUERY_TIMEOUT_S) == "light")
        return False

    def close(self) -> None:
        """Restore the terminal. Idempotent."""
        if not self.is_open:
            return
        self.is_open = False
        try:
            self._mouse.close()
            self._modes.close()
        finally:
            self.write(RESET_ALL if sys.exc_info()[0] else "\x1b[0m")

    def write(self, text: str) -> None:
        """Write all of `text`, waiting while the terminal is not ready."""
        data = memoryview(text.encode(errors="replace"))
        descriptor = sys.__stdout__.fileno() if sys.__stdout__ else 1
        while data:
            try:
                data = data[os.write(descriptor, data) :]
            except BlockingIOError:
                select.select([], [descriptor], [], 1.0)

    @property
    def input_fd(self) -> int:
        """The file descriptor to wait on for input."""
        return sys.stdin.fileno()

    def events(self) -> Iterator[Key | Mouse | Pasted]:
        """All pending input, without waiting."""
        while stroke := self._blessed.inkey(timeout=0, esc_delay=ESCAPE_S):
            event = _to_event(stroke)
            if event:
                yield event

    def copy(self, text: str) -> int:
        """Copy to the terminal's clipboard (OSC 52, unacknowledged). Returns the number of characters sent."""
        data = text.encode(errors="replace")[: CLIPBOARD_BYTES // 4 * 3]
        copied = data.decode(errors="ignore")  # drop a truncated character
        self.write(f"\x1b]52;c;{base64.b64encode(copied.encode()).decode()}\x07")
        return len(copied)

    def suspend(self) -> None:
        """Restore the terminal and stop the process (SIGTSTP); reopen the screen on SIGCONT."""
        self.close()
        os.kill(os.getpid(), signal.SIGTSTP)
        self._modes, self._mouse = ExitStack(), ExitStack()
        self.open()
        self.catch_mouse(self._wants_mouse)


def _colour_depth(colours: int) -> int:
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return 1 << 24
    return next((depth for depth in (1 << 24, 256, 16) if colours >= depth), 16 if colours >= 8 else 0)


def _to_event(stroke: object) -> Key | Mouse | Pasted | None:
    name = getattr(stroke, "name", None) or ""
    if name.startswith("MOUSE_"):
        x, y = getattr(stroke, "mouse_xy", (-1, -1))
        return Mouse(_MOUSE[name], x, y) if name in _MOUSE else None
    if name == "BRACKETED_PASTE":
        return Pasted(getattr(stroke, "text", ""))
    if name.startswith("KEY_CTRL_") and len(name) == 10:
        return Key(f"ctrl-{name[-1].lower()}")
    if name in _NAMES:
        return Key(_NAMES[name])
    if name.startswith("KEY_"):
        key_name = name[4:].lower()
        return Key(key_name) if key_name in NAMED_KEYS else None
    text = str(stroke)
    if text == REPLACED:
        return None
    if len(text) == 1 and text.isprintable():
        return Key(text)
    return Key(f"ctrl-{chr(ord(text) + 96)}") if len(text) == 1 and 0 < ord(text) < 27 else None
