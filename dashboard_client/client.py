"""Client library for other programs: `Client(url, api_key)`."""

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
from dashboard_client.network.live_connection import LiveConnection

F = TypeVar("F", bound=Callable[..., object])


class Client(Api):
    """One method per endpoint, and live streams that reconnect automatically.

    Callbacks run in the client's own thread, in the order of the events. An exception in a callback is passed to
    `on_error`, or ignored if none is registered. Each `on_…` method can be used as a decorator.
    """

    def __init__(self, url: str | None = None, api_key: str | None = None) -> None:
        """Defaults to API_SERVER and API_KEY. Raises ConfigError."""
        environ = dict(os.environ) if api_key is None else {**os.environ, "API_KEY": api_key}
        super().__init__(config.from_environment(environ, url))
        self._callbacks: dict[str, list[Callable[..., object]]] = {}
        self._connection: LiveConnection | None = None
        self._subscribed: dict[str, tuple[float, Mapping[str, str] | None]] = {}
        self._settled, self._closed = threading.Event(), threading.Event()
        self._failure: ClientError | None = None
        self._is_connected = False

    def connect(self, within_s: float | None = None) -> None:
        """Open the live connection and keep it open. Raises Unreachable or NotAuthenticated if the first attempt fails.

        `within_s`: how long to try; defaults to API_TIMEOUT.
        """
        if self._connection:
            return
        within_s = self.config.timeout_s if within_s is None else within_s
        self._settled.clear()
        self._closed.clear()
        self._failure = Unreachable(f"API server {self.config.server} did not answer within {within_s:g} s")
        self._connection = LiveConnection(self.config, self._on_event, read=_keep_raw)
        for stream, (interval, filters) in self._subscribed.items():
            self._connection.subscribe(stream, interval, filters)
        self._connection.start()
        self._settled.wait(within_s)
        if self._failure:
            self.close()
            raise self._failure

    def subscribe(self, stream: str, interval: float = 1.0, filters: Mapping[str, str] | None = None) -> None:
        """`interval`: seconds, 0.25 to 60. `filters`: for event streams such as `pm2:logs`."""
        self._subscribed[stream] = (interval, filters)
        if self._connection:
            self._connection.subscribe(stream, interval, filters)

    def unsubscribe(self, stream: str) -> None:
        self._subscribed.pop(stream, None)
        if self._connection:
            self._connection.unsubscribe(stream)

    def on_metric(self, callback: F) -> F:
        """`callback(stream, data, timestamp)`; `data` is the stream's decoded JSON."""
        return self._on("metric", callback)

    def on_connect(self, callback: F) -> F:
        """`callback()`: after every connect and reconnect."""
        return self._on("connect", callback)

    def on_disconnect(self, callback: F) -> F:
        """`callback(reason)`: after every lost connection."""
        return self._on("disconnect", callback)

    def on_error(self, callback: F) -> F:
        """`callback(error)`: server errors, lost stream items and exceptions in callbacks."""
        return self._on("error", callback)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until `close()`; returns False on timeout."""
        return self._closed.wait(timeout)

    def close(self) -> None:
        """Close the live connection; `connect()` opens a new one."""
        connection, self._connection = self._connection, None
        if connection:
            connection.stop()
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

    def _on_event(self, event: events.NetworkEvent) -> None:
        if isinstance(event, events.StreamData):
            self._emit("metric", event.stream, event.value, event.timestamp)
        elif isinstance(event, events.Connected):
            self._failure, self._is_connected = None, True
            self._settled.set()
            self._emit("connect")
        elif isinstance(event, events.Disconnected):
            self._on_disconnected(event)
        elif isinstance(event, events.ErrorReported):
            self._emit("error", ClientError(event.message))
        elif isinstance(event, events.Missed):
            count = "Some" if event.missed is None else str(event.missed)
            self._emit("error", ClientError(f"{count} items of {event.stream} were lost."))

    def _on_disconnected(self, event: events.Disconnected) -> None:
        is_final = event.retry_in_s is None
        error = NotAuthenticated(event.reason, status=401) if is_final else Unreachable(event.reason)
        if not self._settled.is_set():  # connect() is still waiting
            self._failure = error
            self._settled.set()
        elif self._is_connected:
            self._is_connected = False
            self._emit("disconnect", event.reason)
            if is_final:
                self._emit("error", error)

    def _emit(self, name: str, *arguments: object) -> None:
        for callback in list(self._callbacks.get(name, ())):
            try:
                callback(*arguments)
            except Exception as error:  # noqa: BLE001 - a user's callback must not end the thread
                if name != "error":
                    self._emit("error", error)


def _keep_raw(stream: str, data: object) -> object:
    return data
