"""The state of the daemon: up, down, updating or incompatible; changes are logged and published."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import structlog

from pm2.daemon import daemon_process
from pm2.errors import DaemonHangs, DaemonNotRunning, PM2Error, ProtocolError
from pm2.exits import pm2_events
from pm2.exits.pm2_events import PM2Event
from pm2.monitor.listing import DaemonStatus

log = structlog.get_logger("pm2.monitor.daemon_state")

UPDATE_WINDOW_S = 8.0  # how long `pm2 update` may take before the daemon counts as down
MIN_MAJOR_VERSION = 5  # the first major version with the methods called here


class DaemonState:
    """`status`: the current one."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._killed_s = -UPDATE_WINDOW_S
        self.status = DaemonStatus("down", None, None, str(home), "PM2's daemon has not been contacted yet.")

    @property
    def is_up(self) -> bool:
        return self.status.state == "up"

    def on_kill(self) -> None:
        """The daemon announced that it exits."""
        self._killed_s = time.monotonic()

    def has_announced_exit(self) -> bool:
        return time.monotonic() - self._killed_s < UPDATE_WINDOW_S

    def is_another_daemon(self) -> bool:
        """Whether the daemon was replaced since it was last up."""
        return self.is_up and self.status.pid != daemon_process.read_pid(self._home)

    def set_up(self, version: str) -> None:
        self._set("up", None, None, version, daemon_process.read_pid(self._home))

    def set_incompatible(self, version: str) -> None:
        message = f"PM2 {version[:40]} is not supported; version {MIN_MAJOR_VERSION} or later is required."
        self._set("incompatible", message, ProtocolError.code, version[:40])

    def set_unresponsive(self) -> None:
        pid = daemon_process.read_pid(self._home)
        self._set("down", f"PM2's daemon (pid {pid}) is not responding.", DaemonHangs.code, pid=pid)

    def set_failed(self, error: PM2Error) -> None:
        """The daemon could not be asked."""
        if isinstance(error, DaemonNotRunning) and self.has_announced_exit():
            message = "PM2's daemon was asked to exit; `pm2 update` restarts it in a moment."
            self._set("updating", message, error.code)
        else:
            state = "incompatible" if isinstance(error, ProtocolError) else "down"
            self._set(state, str(error), error.code, pid=getattr(error, "pid", None))

    def _set(
        self, state: str, message: str | None, code: str | None, version: str | None = None, pid: int | None = None
    ) -> None:
        before = self.status
        self.status = DaemonStatus(state, version, pid, str(self._home), message, code)
        if (before.state, before.pid, before.code) == (state, pid, code):
            return
        text = message or f"PM2 {version} is up, pid {pid}"
        log.info("daemon", state=state, home=str(self._home), message=text)
        pm2_events.feed.append([PM2Event(datetime.now(UTC), "daemon", None, None, text)])


def is_supported(version: str) -> bool:
    major = version.partition(".")[0]
    return major.isascii() and major.isdecimal() and len(major) < 10 and int(major) >= MIN_MAJOR_VERSION
