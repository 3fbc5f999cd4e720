"""Polls streams over plain HTTP when /ws is unavailable, for example behind a proxy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from dashboard_client.config import Config
from dashboard_client.errors import Forbidden, NotAuthenticated, Refused, Unreachable, WireError
from dashboard_client.network import events
from dashboard_client.network.api import Api
from dashboard_client.network.calls import Json
from dashboard_client.network.disconnects import Disconnect, NextStep

MIN_INTERVAL_S = 1.0
LOOP_INTERVAL_S = 0.1

Filters = Mapping[str, str]
LOG_LINES, ACTIVITY_ENTRIES = 200, 20  # polls overlap; the receiver drops duplicates


def _fetch_logs(api: Api, filters: Filters) -> Json:
    """Only lines with a timestamp, because duplicates of others could not be detected."""
    response = api.pm2_logs(filters.get("framework"), lines=LOG_LINES)
    timed = [line for line in response.get("lines") or () if isinstance(line, dict) and line.get("at")]
    return {**response, "lines": timed}


FETCHERS: Mapping[str, Callable[[Api, Filters], Json]] = {
    "system:metrics": lambda api, _: api.system_stats(),
    "pm2:stats": lambda api, _: api.pm2_stats(),
    "redis:stats": lambda api, _: api.redis_stats(),
    "benchmark:progress": lambda api, _: api.benchmark_runs(),
    "activity": lambda api, _: api.activity(ACTIVITY_ENTRIES),
    "pm2:logs": _fetch_logs,
}


class StreamSubscription(Protocol):
    @property
    def interval_ms(self) -> int: ...

    @property
    def filters(self) -> Filters | None: ...


class Listener(Protocol):
    """The part of the live connection that the poller uses."""

    deliver: Callable[[events.NetworkEvent], None]

    @property
    def is_stopping(self) -> bool: ...

    def subscriptions(self) -> Mapping[str, StreamSubscription]: ...

    def deliver_data(self, stream: str, data: object, timestamp: str) -> None: ...


class Poller:
    def __init__(self, config: Config, listener: Listener) -> None:
        self._api, self._listener = Api(config), listener
        self._is_announced = False
        self._last_errors: dict[str, str] = {}

    def poll(self, cause: Disconnect, for_s: float) -> Disconnect:
        """Poll the subscribed streams for `for_s` seconds. Returns `cause` on success, else the failure."""
        due: dict[str, float] = {}
        end_s = time.monotonic() + for_s
        try:
            self._api.health()
            if not self._is_announced:
                self._listener.deliver(events.Connected(time.monotonic(), tuple(FETCHERS), True, cause.reason))
                self._is_announced = True
            while time.monotonic() < end_s and not self._listener.is_stopping:
                self._poll_due_streams(due)
                time.sleep(LOOP_INTERVAL_S)
        except (NotAuthenticated, Forbidden) as error:
            disconnect = Disconnect(str(error), NextStep.GIVE_UP)
        except (Unreachable, WireError, Refused) as error:
            disconnect = Disconnect(str(error))
        else:
            return cause
        self._is_announced = False
        return disconnect

    def _poll_due_streams(self, due: dict[str, float]) -> None:
        for stream, subscription in self._listener.subscriptions().items():
            now_s = time.monotonic()
            if stream not in FETCHERS or now_s < due.get(stream, 0.0):
                continue
            due[stream] = now_s + max(MIN_INTERVAL_S, subscription.interval_ms / 1000)
            self._fetch(stream, subscription.filters or {})

    def _fetch(self, stream: str, filters: Filters) -> None:
        try:
            response = FETCHERS[stream](self._api, filters)
        except (NotAuthenticated, Forbidden):
            raise
        except Refused as error:
            if self._last_errors.get(stream) != str(error):  # report it once, not on every poll
                self._last_errors[stream] = str(error)
                self._listener.deliver(events.ErrorReported(str(error), stream, error.code))
            return
        self._last_errors.pop(stream, None)
        timestamp = response.get("timestamp")
        self._listener.deliver_data(stream, response, timestamp if isinstance(timestamp, str) else "")
