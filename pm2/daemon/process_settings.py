"""The settings of a process that decide how long an action on it takes, and whether it may end. [pure]"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pm2.daemon.process import as_int, as_port, as_text, pm2_env

# PM2's defaults (constants.js).
KILL_TIMEOUT_S = 1.6
LISTEN_TIMEOUT_S = 3.0
MAX_SETTING_S = 86_400.0


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """`kill_timeout_s`: from the signal to SIGKILL. `listen_timeout_s`: how long PM2 waits for a process with
    `wait_ready` to report that it is ready, and for a reloaded one to listen. `stop_exit_codes`: with these it is not
    restarted. `script`: its file; `port`: of its variable PORT."""

    autorestart: bool
    wait_ready: bool
    kill_timeout_s: float
    listen_timeout_s: float
    stop_exit_codes: frozenset[int]
    script: str = ""
    port: int | None = None

    @property
    def startup_s(self) -> float:
        """How long PM2 may wait before it calls a started process online."""
        return self.listen_timeout_s if self.wait_ready else 0.0

    def may_end(self, exit_code: int | None) -> bool:
        """Whether PM2 does not restart the process after this exit."""
        return not self.autorestart or exit_code in self.stop_exit_codes


def parse_settings(entry: Mapping[str, object]) -> ProcessSettings:
    """The settings in an entry of `getMonitorData`. Malformed values count as not set."""
    env = pm2_env(entry)
    codes = env.get("stop_exit_codes")
    return ProcessSettings(
        autorestart=env.get("autorestart") not in (False, "false"),
        wait_ready=env.get("wait_ready") in (True, "true"),
        kill_timeout_s=_seconds(env.get("kill_timeout"), KILL_TIMEOUT_S),
        listen_timeout_s=_seconds(env.get("listen_timeout"), LISTEN_TIMEOUT_S),
        stop_exit_codes=frozenset(_codes(codes if isinstance(codes, list) else [codes])),
        script=as_text(env.get("pm_exec_path")),
        port=as_port(env.get("PORT")),
    )


def _seconds(value: object, default: float) -> float:
    """From milliseconds; PM2 accepts them as a string too, and takes 0 for not set."""
    try:
        milliseconds = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        return default
    return min(milliseconds / 1000, MAX_SETTING_S) if math.isfinite(milliseconds) and milliseconds > 0 else default


def _codes(values: list[object]) -> list[int]:
    texts = [value for value in values if isinstance(value, str)]
    numbers = [as_int(value) for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return numbers + [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 10]
