"""Streams over plain HTTP, for where a proxy does not let /ws through."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from dashboard_client.config import Config
from dashboard_client.errors import Forbidden, NotAuthenticated, Refused, Unreachable, WireError
from dashboard_client.network import events
from dashboard_client.network.api import Api
from dashboard_client.network.disconnects import Ending, Next
from dashboard_client.network.endpoints import Answer

SHORTEST_S = 1.0
TURN_S = 0.1

Wanted = Mapping[str, str]
LINES, ENTRIES = 200, 20  # what is known already is told again, and dropped where it is shown


def _logs(api: Api, wanted: Wanted) -> Answer:
    """Only lines with a time: of the others nobody could tell which are new."""
    answer = api.pm2_logs(wanted.get("framework"), lines=LINES)
    timed = [each for each in answer.get("lines") or () if isinstance(each, dict) and each.get("at")]
    return {**answer, "lines": timed}


GETS: Mapping[str, Callable[[Api, Wanted], Answer]] = {
    "system:metrics": lambda api, _: api.system_stats(),
    "pm2:stats": lambda api, _: api.pm2_stats(),
    "redis:stats": lambda api, _: api.redis_stats(),
    "benchmark:progress": lambda api, _: api.benchmark_runs(),
    "activity": lambda api, _: api.activity(ENTRIES),
    "pm2:logs": _logs,
}


class Interval(Protocol):
    @property
    def interval_ms(self) -> int: ...

    @property
    def wanted(self) -> Wanted | None: ...


class Listener(Protocol):
    """What a poller needs of the feed that it stands in for."""

    deliver: Callable[[events.NetworkEvent], None]

    @property
    def is_stopping(self) -> bool: ...

    def subscriptions(self) -> Mapping[str, Interval]: ...

    def pass_on_data(self, stream: str, data: object, timestamp: str) -> None: ...


class Poller:
    def __init__(self, config: Config, listener: Listener) -> None:
        self._api, self._listener = Api(config), listener
        self._is_told = False
        self._complaints: dict[str, str] = {}

    def poll(self, why: Ending, for_s: float) -> Ending:
        """Ask for what is subscribed, for so long. `why` again when all went well, else what ended it."""
        due: dict[str, float] = {}
        ends_s = time.monotonic() + for_s
        try:
            self._api.health()
            if not self._is_told:
                self._listener.deliver(events.Connected(time.monotonic(), tuple(GETS), True, why.reason))
                self._is_told = True
            while time.monotonic() < ends_s and not self._listener.is_stopping:
                self._turn(due)
                time.sleep(TURN_S)
        except (NotAuthenticated, Forbidden) as error:
            ending = Ending(str(error), Next.GIVE_UP)
        except (Unreachable, WireError, Refused) as error:
            ending = Ending(str(error))
        else:
            return why
        self._is_told = False
        return ending

    def _turn(self, due: dict[str, float]) -> None:
        for stream, subscription in self._listener.subscriptions().items():
            now_s = time.monotonic()
            if stream not in GETS or now_s < due.get(stream, 0.0):
                continue
            due[stream] = now_s + max(SHORTEST_S, subscription.interval_ms / 1000)
            self._ask(stream, subscription.wanted or {})

    def _ask(self, stream: str, wanted: Wanted) -> None:
        try:
            answer = GETS[stream](self._api, wanted)
        except (NotAuthenticated, Forbidden):
            raise
        except Refused as error:
            if self._complaints.get(stream) != str(error):  # once, not every second
                self._complaints[stream] = str(error)
                self._listener.deliver(events.Complained(str(error), stream, error.code))
            return
        self._complaints.pop(stream, None)
        timestamp = answer.get("timestamp")
        self._listener.pass_on_data(stream, answer, timestamp if isinstance(timestamp, str) else "")
