"""The actions of PM2 that the server offers: what each needs, and its endpoints below `/api/pm2`. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

# The server's longest deadline plus 5 s: its error explains the failure, a client timeout could not. The deadline of an
# action depends on the settings of its processes, such as kill_timeout.
TIMEOUT_S = 605.0


@dataclass(frozen=True, slots=True)
class Pm2Verb:
    """`name`: also the last part of its endpoint. `api_method`: of `endpoints.Endpoints`.

    `instances`: whether a number is required, optional or (None) not accepted. `is_destructive`: ask before it acts on
    all. `path_for_all`, `api_method_for_all`: for all processes at once; empty if the server has no such endpoint.
    """

    name: str
    api_method: str
    help: str
    needs_name: bool = False
    instances: str | None = None
    is_destructive: bool = False
    path_for_all: str = ""
    api_method_for_all: str = ""
    timeout_s: float = TIMEOUT_S


_VERBS = (
    Pm2Verb("start", "pm2_start", "start a framework", needs_name=True, instances="optional"),
    Pm2Verb(
        "stop", "pm2_stop", "stop processes; they remain in PM2's list", is_destructive=True,
        path_for_all="stopAll", api_method_for_all="pm2_stop_all",
    ),
    Pm2Verb(
        "restart", "pm2_restart", "stop processes and start them again",
        path_for_all="restartAll", api_method_for_all="pm2_restart_all",
    ),
    Pm2Verb(
        "reload", "pm2_reload", "replace each instance without downtime; cluster mode only",
        path_for_all="reloadAll", api_method_for_all="pm2_reload_all",
    ),
    Pm2Verb(
        "rolling-restart", "pm2_rolling_restart", "restart instances one by one", needs_name=True,
    ),
    Pm2Verb(
        "scale", "pm2_scale", "change the number of instances", needs_name=True, instances="required",
    ),
    Pm2Verb(
        "delete", "pm2_delete", "remove processes from PM2's list", is_destructive=True,
        path_for_all="deleteAll", api_method_for_all="pm2_delete_all",
    ),
)  # fmt: skip
PM2_VERBS = {verb.name: verb for verb in _VERBS}
