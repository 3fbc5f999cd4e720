"""The actions of PM2 that the server offers: what each needs, and its endpoints below `/api/pm2`. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

# The server's own deadline plus 5 s: its error explains the failure, a client timeout could not.
CALL_TIMEOUT_S = 75.0  # spawning the daemon (30 s), the call, instances coming online, the port answering
ROLLING_TIMEOUT_S = 605.0  # one instance after another


@dataclass(frozen=True, slots=True)
class Pm2Verb:
    """Also the last part of its endpoint. `instances`: whether a number is required, optional or (None) not accepted.

    `is_destructive`: ask before it acts on all. `path_for_all`: the endpoint for all processes; empty if there is none.
    """

    name: str
    help: str
    needs_name: bool = False
    instances: str | None = None
    is_destructive: bool = False
    path_for_all: str = ""
    timeout_s: float = CALL_TIMEOUT_S


_VERBS = (
    Pm2Verb("start", "start a framework", needs_name=True, instances="optional"),
    Pm2Verb("stop", "stop processes; they remain in PM2's list", is_destructive=True, path_for_all="stopAll"),
    Pm2Verb("restart", "stop processes and start them again", path_for_all="restartAll"),
    Pm2Verb("reload", "replace each instance without downtime; cluster mode only", timeout_s=ROLLING_TIMEOUT_S),
    Pm2Verb("rolling-restart", "restart instances one by one", needs_name=True, timeout_s=ROLLING_TIMEOUT_S),
    Pm2Verb("scale", "change the number of instances", True, "required", timeout_s=ROLLING_TIMEOUT_S),
    Pm2Verb("delete", "remove processes from PM2's list", is_destructive=True, path_for_all="deleteAll"),
)
PM2_VERBS = {verb.name: verb for verb in _VERBS}
