"""The terminal: taken over whole, read as events, given back as it was. [io: blessed]"""

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

ESCAPE_S = 0.05  # how long the rest of a key's sequence may take; blessed would wait 0.35 s after each Esc
ANSWER_S = 0.25  # a terminal that does not answer is asked twice while it is opened, and once later
CLIPBOARD_BYTES = 74_994  # encoded; what xterm and tmux take
# What undoes everything, when there is no time for better: sync, mouse, paste, cursor, colours, alternate screen.
LAST_RESORT = "\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?25h\x1b[0m\x1b[?1049l"
REPLACED = "\ufffd"  # what no character was
_NAMES = {
    "KEY_PGUP": "pageup",
    "KEY_PGDOWN": "pagedown",
    "KEY_BTAB": "backtab",
    "KEY_SHIFT_TAB": "backtab",
    "KEY_EXIT": "escape",
}
_MOUSE = {"MOUSE_LEFT": "press", "MOUSE_SCROLL_UP": "up", "MOUSE_SCROLL_DOWN": "down"}


def unfit(environ: Mapping[str, str]) -> str:
    """Why no screen can be drawn here; empty when one can."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "Standard input and output are no terminal"
    if environ.get("TERM", "") in ("", "dumb"):
        return f"TERM={environ.get('TERM', '')} cannot place a cursor"
    return ""


class Terminal:
    """Between `open` and `close` the screen is ours. Only the main thread may use it."""

    def __init__(self, *, wants_mouse: bool = True, depth: int | None = None) -> None:
        # blessed takes NO_COLOR for `no cursor movement either`, and FORCE_COLOR for a terminal on a pipe.
        no_colour = bool(os.environ.pop("NO_COLOR", ""))
        os.environ.pop("FORCE_COLOR", None)
        os.environ.setdefault("BLESSED_QUERY_TIMEOUT_SECONDS", str(ANSWER_S))  # read when blessed is imported
        from blessed import Terminal as Blessed

        self._blessed = Blessed()
        # blessed's own decoder is strict: a byte that is no UTF-8, of another keyboard or a pasted file, would end us.
        self._blessed._keyboard_decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._wants_mouse = wants_mouse
        self._stack = ExitStack()
        self._mouse = ExitStack()
        self.is_open = False
        self.is_synchronized = False
        self.depth = 0 if no_colour else _depth(self._blessed.number_of_colors) if depth is None else depth

    def size(self) -> tuple[int, int]:
        """Height and width in cells, as they are now."""
        return max(1, self._blessed.height), max(1, self._blessed.width)

    def open(self) -> None:
        term = self._blessed
        self._stack.enter_context(term.raw())  # Ctrl-C, Ctrl-S and Ctrl-Z are keys, and cannot freeze or kill
        self._stack.enter_context(term.fullscreen())
        self._stack.enter_context(term.hidden_cursor())
        self.is_open = True

    def ask(self) -> None:
        """What the terminal can do besides; after the first picture, because some do not answer."""
        with suppress(Exception):  # questions to unknown terminals: whatever goes wrong, the answer is no
            self.is_synchronized = bool(self._blessed.does_synchronized_output(timeout=ANSWER_S))
        self.catch_mouse(self._wants_mouse)

    def catch_mouse(self, wanted: bool) -> None:
        self._mouse.close()
        if wanted and self._wants_mouse and self.is_open:
            with suppress(Exception):
                self._mouse.enter_context(self._blessed.mouse_enabled(timeout=ANSWER_S))

    def is_light(self) -> bool:
        """Whether the background is light, as far as the terminal says."""
        with suppress(Exception):
            return bool(self._blessed.get_color_scheme(timeout=ANSWER_S) == "light")
        return False

    def close(self) -> None:
        """Give it back. May be called twice."""
        if not self.is_open:
            return
        self.is_open = False
        try:
            self._mouse.close()
            self._stack.close()
        finally:
            self.write(LAST_RESORT if sys.exc_info()[0] else "\x1b[0m")

    def write(self, text: str) -> None:
        """All of it, at once as far as the terminal takes it."""
        data = memoryview(text.encode(errors="replace"))
        descriptor = sys.__stdout__.fileno() if sys.__stdout__ else 1
        while data:
            try:
                data = data[os.write(descriptor, data) :]
            except BlockingIOError:
                select.select([], [descriptor], [], 1.0)

    @property
    def input(self) -> int:
        """The descriptor that is ready when there are keys."""
        return sys.stdin.fileno()

    def events(self) -> Iterator[Key | Mouse | Pasted]:
        """Everything that has been typed, without waiting."""
        while stroke := self._blessed.inkey(timeout=0, esc_delay=ESCAPE_S):
            event = _event(stroke)
            if event:
                yield event

    def copy(self, text: str) -> int:
        """To the terminal's clipboard (OSC 52), so many characters as it takes. Whether they arrive is not known."""
        data = text.encode(errors="replace")[: CLIPBOARD_BYTES // 4 * 3]
        sent = data.decode(errors="ignore")  # no half of a character
        self.write(f"\x1b]52;c;{base64.b64encode(sent.encode()).decode()}\x07")
        return len(sent)

    def suspend(self) -> None:
        """Give the terminal back and stop; goes on when the shell brings us back."""
        self.close()
        os.kill(os.getpid(), signal.SIGTSTP)
        self._stack, self._mouse = ExitStack(), ExitStack()
        self.open()
        self.catch_mouse(self._wants_mouse)


def _depth(colours: int) -> int:
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return 1 << 24
    return next((depth for depth in (1 << 24, 256, 16) if colours >= depth), 16 if colours >= 8 else 0)


def _event(stroke: object) -> Key | Mouse | Pasted | None:
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
        plain = name[4:].lower()
        return Key(plain) if plain in NAMED_KEYS else None
    text = str(stroke)
    if text == REPLACED:
        return None
    if len(text) == 1 and text.isprintable():
        return Key(text)
    return Key(f"ctrl-{chr(ord(text) + 96)}") if len(text) == 1 and 0 < ord(text) < 27 else None
