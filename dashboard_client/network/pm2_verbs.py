"""The actions of PM2 that the server offers: what each needs, and its endpoints below `/api/pm2`. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

# The server's longest deadline plus 5 s: its error explains the failure, a client timeout could not. The deadline of an
# action depends on the settings of its processes, such as kill_timeout.
TIMEOUT_S = 605.0


@dataclass(frozen=True, slots=True)
class Pm2Verb:
    """`name`: also the last part of its endpoint. `api_method`: of `endpoints.Endpoints`.

    `instances`: whether a number is required, optional or (None) not accepted; `takes_signal`, `takes_name`: whether
    the name of a signal, or of processes, is. `is_destructive`: ask before it acts on all. `path_for_all`,
    `api_method_for_all`: for all processes at once; empty if the server has no such endpoint.
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
    takes_signal: bool = False
    takes_name: bool = True


_VERBS = (
    Pm2Verb(
        "start", "pm2_start", "start a framework, stopped processes, or an ecosystem file on the server",
        needs_name=True, instances="optional",
    ),
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
    Pm2Verb(
        "flush", "pm2_flush", "empty the log files of processes", is_destructive=True,
        path_for_all="flushAll", api_method_for_all="pm2_flush_all",
    ),
    Pm2Verb(
        "reset", "pm2_reset", "set PM2's counters of restarts to 0",
        path_for_all="resetAll", api_method_for_all="pm2_reset_all",
    ),
    Pm2Verb("signal", "pm2_signal", "send a signal to processes", needs_name=True, takes_signal=True),
    Pm2Verb("save", "pm2_save", "save PM2's list, from which a reboot starts it", takes_name=False),
    Pm2Verb("resurrect", "pm2_resurrect", "start what is saved and not listed", takes_name=False),
)  # fmt: skip
# Of the paths of ecosystem files, as PM2 knows them.
FILE_SUFFIXES = (".config.js", ".config.cjs", ".config.mjs", ".json", ".yml", ".yaml")


def is_file_name(word: str) -> bool:
    """Whether what is to be started is the path of an ecosystem file, not a name."""
    return "/" in word or word.endswith(FILE_SUFFIXES)


PM2_VERBS = {verb.name: verb for verb in _VERBS}
