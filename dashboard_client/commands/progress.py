"""What goes on, told on stderr: a line that lives while somebody waits, on a terminal only."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

QUIET_S = 2.0  # shorter waits need no company
TURN_S = 0.5
BAR_WIDTH = 20


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def error(text: str) -> None:
    say(f"[ERROR] {text}")


def live(text: str) -> None:
    """Replace the line that lives. On no terminal nothing is said."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def bar(share: float) -> str:
    """`[#####...............]`"""
    full = round(min(max(share, 0.0), 1.0) * BAR_WIDTH)
    return f"[{'#' * full}{'.' * (BAR_WIDTH - full)}]"


class Waiting:
    """`with Waiting("Starting fastify"):` shows how long it takes, once it takes long."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Waiting:
        if sys.stderr.isatty():
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()
            live("")

    def _tell(self) -> None:
        began_s = time.monotonic()
        wait_s = QUIET_S
        while not self._done.wait(wait_s):
            live(f"{self.text} … {time.monotonic() - began_s:.0f} s")
            wait_s = TURN_S
