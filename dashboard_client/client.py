"""The library: `Client(url, api_key)`, for programs of other people."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TypeVar

from dashboard_client import config
from dashboard_client.errors import ClientError, NotAuthenticated, Unreachable
from dashboard_client.network import events
from dashboard_client.network.api import Api
from dashboard_client.network.feed import Feed

F = TypeVar("F", bound=Callable[..., object])


class Client(Api):
    """A method per endpoint, and live streams that come back by themselves.

    Callbacks run in the client's own thread, in the order of what happened; an exception in one goes to
    `on_error`, and to nobody without one. Each `on_…` takes a function, as a decorator too.
    """

    def __init__(self, url: str | None = None, api_key: str | None = None) -> None:
        """Default: API_SERVER and API_KEY. Raises ConfigError."""
        environ = dict(os.environ) if api_key is None else {**os.environ, "API_KEY": api_key}
        super().__init__(config.from_environment(environ, url))
        self._callbacks: dict[str, list[Callable[..., object]]] = {}
        self._feed: Feed | None = None
        self._subscribed: dict[str, tuple[float, Mapping[str, str] | None]] = {}
        self._settled, self._closed = threading.Event(), threading.Event()
        self._failure: ClientError | None = None
        self._is_connected = False

    def connect(self, within_s: float | None = None) -> None:
        """Open the live connection. Raises Unreachable or NotAuthenticated; later losses are mended quietly.

        `within_s`: how long to try, API_TIMEOUT unless given.
        """
        if self._feed:
            return
        within_s = self.config.timeout_s if within_s is None else within_s
        self._settled.clear()
        self._closed.clear()
        self._failure = Unreachable(f"API server {self.config.server} did not answer within {within_s:g} s")
        self._feed = Feed(self.config, self._take, read=_as_it_is)
        for stream, (interval, wanted) in self._subscribed.items():
            self._feed.subscribe(stream, interval, wanted)
        self._feed.start()
        self._settled.wait(within_s)
        if self._failure:
            self.close()
            raise self._failure

    def subscribe(self, stream: str, interval: float = 1.0, wanted: Mapping[str, str] | None = None) -> None:
        """`interval`: seconds, 0.25 to 60. `wanted`: a filter, for `pm2:logs` and its like."""
        self._subscribed[stream] = (interval, wanted)
        if self._feed:
            self._feed.subscribe(stream, interval, wanted)

    def unsubscribe(self, stream: str) -> None:
        self._subscribed.pop(stream, None)
        if self._feed:
            self._feed.unsubscribe(stream)

    def on_metric(self, callback: F) -> F:
        """`callback(stream, data, timestamp)`: the JSON of a stream as it came."""
        return self._on("metric", callback)

    def on_connect(self, callback: F) -> F:
        """`callback()`: after every connection, the first and those after a loss."""
        return self._on("connect", callback)

    def on_disconnect(self, callback: F) -> F:
        """`callback(reason)`: after every loss."""
        return self._on("disconnect", callback)

    def on_error(self, callback: F) -> F:
        """`callback(error)`: what the server would not do, what it lost, and exceptions of your callbacks."""
        return self._on("error", callback)

    def wait(self, timeout: float | None = None) -> bool:
        """Until `close()`, for scripts that do nothing but listen. True when it was closed."""
        return self._closed.wait(timeout)

    def close(self) -> None:
        """End the live connection; `connect()` begins another one."""
        feed, self._feed = self._feed, None
        if feed:
            feed.stop()
        self._closed.set()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _on(self, name: str, callback: F) -> F:
        self._callbacks.setdefault(name, []).append(callback)
        return callback

    def _take(self, event: events.NetworkEvent) -> None:
        if isinstance(event, events.Metric):
            self._tell("metric", event.stream, event.value, event.timestamp)
        elif isinstance(event, events.Connected):
            self._failure, self._is_connected = None, True
            self._settled.set()
            self._tell("connect")
        elif isinstance(event, events.Disconnected):
            self._lost(event)
        elif isinstance(event, events.Complained):
            self._tell("error", ClientError(event.message))
        elif isinstance(event, events.Missed):
            many = "Some" if event.missed is None else str(event.missed)
            self._tell("error", ClientError(f"{many} items of {event.stream} were lost."))

    def _lost(self, event: events.Disconnected) -> None:
        is_final = event.retry_in_s is None
        error = NotAuthenticated(event.reason, status=401) if is_final else Unreachable(event.reason)
        if not self._settled.is_set():  # connect() still waits
            self._failure = error
            self._settled.set()
        elif self._is_connected:
            self._is_connected = False
            self._tell("disconnect", event.reason)
            if is_final:
                self._tell("error", error)

    def _tell(self, name: str, *facts: object) -> None:
        for callback in list(self._callbacks.get(name, ())):
            try:
                callback(*facts)
            except Exception as error:  # noqa: BLE001 - somebody else's code, on our thread
                if name != "error":
                    self._tell("error", error)


def _as_it_is(stream: str, data: object) -> object:
    return data
