"""Progress on stderr: status lines, and a live line on terminals."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

SHOW_AFTER_S = 2.0  # shorter waits show nothing
REFRESH_S = 0.5
BAR_WIDTH = 20


def print_status(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def print_error(text: str) -> None:
    print_status(f"[ERROR] {text}")


def print_warning(text: str) -> None:
    print(f"[WARN] {text}", file=sys.stderr)


def show_live_line(text: str) -> None:
    """Replace the live line; does nothing unless stderr is a terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


class StepLine:
    """The step of a long work: on a terminal in the live line, with its details; elsewhere, such as in CI, in a line of
    its own when it begins."""

    def __init__(self) -> None:
        self._step = ""

    def show(self, step: str, details: str) -> None:
        if sys.stderr.isatty():
            show_live_line(f"{step} {details}".rstrip())
        elif step != self._step:
            print_status(step)
        self._step = step


def bar(share: float) -> str:
    """`[#####...............]`"""
    filled = round(min(max(share, 0.0), 1.0) * BAR_WIDTH)
    return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}]"


class Waiting:
    """`with Waiting("Starting fastify"):` shows the elapsed time after SHOW_AFTER_S."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._show_elapsed, daemon=True)

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
            show_live_line("")
        if kind is KeyboardInterrupt:
            print_error(f"Interrupted: {self.text}. The server may still finish this step.")

    def _show_elapsed(self) -> None:
        started_s = time.monotonic()
        wait_s = SHOW_AFTER_S
        while not self._done.wait(wait_s):
            show_live_line(f"{self.text} … {time.monotonic() - started_s:.0f} s")
            wait_s = REFRESH_S
