"""Keeps a WebSocket open in a thread, and falls back to polling. [io: websockets]"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    ProxyError,
)
from websockets.sync.client import ClientConnection, connect

from dashboard_client.config import Config
from dashboard_client.errors import WireError
from dashboard_client.network import disconnects, events
from dashboard_client.network.api import failure_reason
from dashboard_client.network.disconnects import Disconnect, NextStep
from dashboard_client.network.poller import Poller
from dashboard_client.wire import host_and_pm2, socket_messages

log = logging.getLogger("dashboard_client.network.live_connection")
log.addHandler(logging.NullHandler())  # a log line on stderr would corrupt the screen
log.propagate = False

MAX_MESSAGE_BYTES = 10 * 2**20
PING_INTERVAL_S, PING_TIMEOUT_S = 5.0, 10.0  # a silent server is dropped after 15 s
RECV_TIMEOUT_S = 0.1  # the longest delay of a subscription or stop while no messages arrive
HEALTHY_S = 10.0  # a connection this old resets the backoff
POLL_FOR_S = 30.0  # before /ws is retried
CLIENT_AGENT, DASHBOARD_AGENT = "pm2site-client", "pm2site-dashboard"
EVENT_STREAMS = frozenset({"pm2:logs", "pm2:events", "activity"})

Deliver = Callable[[events.NetworkEvent], None]
ReadData = Callable[[str, object], object]


@dataclass(frozen=True, slots=True)
class Subscription:
    interval_ms: int
    filters: Mapping[str, str] | None = None


class LiveConnection:
    """Delivers events from its own thread. Subscriptions survive reconnects."""

    def __init__(
        self, config: Config, deliver: Deliver, read: ReadData = host_and_pm2.read_stream, agent: str = CLIENT_AGENT
    ) -> None:
        """`agent`: the User-Agent, by which the server's list of connections names this program."""
        self.config, self.deliver, self.read, self.agent = config, deliver, read, agent
        self._lock = threading.Lock()
        self._subscriptions: dict[str, Subscription] = {}
        self._resume_points: dict[str, tuple[str, int]] = {}
        self._outbox: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stopping, self._retry_now = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="live connection", daemon=True)
        self._poller = Poller(config, self)

    def start(self) -> None:
        self._thread.start()

    def stop(self, wait_s: float = 1.0) -> None:
        self._stopping.set()
        self._retry_now.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(wait_s)

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def retry_now(self) -> None:
        """Reconnect without waiting, also after giving up."""
        self._retry_now.set()

    def subscribe(self, stream: str, interval_s: float = 1.0, filters: Mapping[str, str] | None = None) -> None:
        """Replaces an existing subscription to `stream`."""
        subscription = Subscription(round(interval_s * 1000), filters)
        with self._lock:
            previous = self._subscriptions.get(stream)
            self._subscriptions[stream] = subscription
            if previous and previous.filters != filters:  # resume points are valid for one filter only
                self._resume_points.pop(stream, None)
        self._outbox.put(self._subscribe_text(stream, subscription))

    def unsubscribe(self, stream: str) -> None:
        with self._lock:
            self._subscriptions.pop(stream, None)
            self._resume_points.pop(stream, None)
        self._outbox.put(socket_messages.unsubscribe(stream))

    def subscriptions(self) -> dict[str, Subscription]:
        with self._lock:
            return dict(self._subscriptions)

    def _subscribe_text(self, stream: str, subscription: Subscription) -> str:
        return socket_messages.subscribe(
            stream, subscription.interval_ms, self._resume_points.get(stream), subscription.filters
        )

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self.deliver(events.Connecting(failures + 1))
            started_s = time.monotonic()
            disconnect = self._run_connection()
            if disconnect.next_step is NextStep.POLL:
                disconnect = self._poller.poll(disconnect, POLL_FOR_S)
            failures = 0 if time.monotonic() - started_s > HEALTHY_S else failures + 1
            if self._stopping.is_set():
                return
            if disconnect.next_step is not NextStep.POLL:  # while polling nothing was lost
                self._wait(disconnect, failures)

    def _wait(self, disconnect: Disconnect, failures: int) -> None:
        """Wait before the next attempt, or until `retry_now`."""
        self._retry_now.clear()
        if self.is_stopping:
            return
        wait_s = None
        if disconnect.next_step is NextStep.RETRY:
            backoff_s = disconnects.backoff_s(max(0, failures - 1), self.config.reconnect_max_s, random.random())  # noqa: S311
            wait_s = max(disconnect.at_least_s, backoff_s)
        self.deliver(events.Disconnected(disconnect.reason, time.monotonic(), wait_s, disconnect.code))
        self._retry_now.wait(wait_s)

    def _run_connection(self) -> Disconnect:
        """Open one connection and receive until it ends."""
        try:
            with self._open() as socket:
                return self._receive(socket)
        except InvalidStatus as error:
            return disconnects.from_handshake_status(error.response.status_code)
        except (InvalidProxy, ProxyError):
            return Disconnect(f"Cannot connect to API server {self.config.server}: the proxy (HTTP_PROXY) failed")
        except (InvalidHandshake, InvalidMessage) as error:
            if isinstance(error.__cause__, (OSError, EOFError)):
                return Disconnect(
                    f"Cannot connect to API server {self.config.server}: {failure_reason(error.__cause__)}"
                )
            return Disconnect("/ws does not speak WebSocket", NextStep.POLL)
        except (OSError, TimeoutError, UnicodeError, InvalidURI, ValueError) as error:
            return Disconnect(f"Cannot connect to API server {self.config.server}: {failure_reason(error)}")

    def _open(self) -> ClientConnection:
        local: dict[str, Any] = {"proxy": None} if self.config.is_local else {}
        socket: ClientConnection = connect(
            self.config.ws_url,
            additional_headers={"X-API-Key": self.config.secret} if self.config.secret else None,
            open_timeout=self.config.timeout_s,
            close_timeout=1,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            max_size=MAX_MESSAGE_BYTES,
            user_agent_header=self.agent,
            logger=log,
            **local,
        )
        return socket

    def _receive(self, socket: ClientConnection) -> Disconnect:
        last_error, is_connected = "", False
        try:
            while not self.is_stopping:
                if is_connected:  # earlier, subscriptions would be sent twice, or before authentication
                    self._flush_outbox(socket)
                try:
                    text = socket.recv(timeout=RECV_TIMEOUT_S)
                except TimeoutError:
                    continue
                message = self._parse(text)
                if isinstance(message, socket_messages.AuthRequired):
                    if not self.config.secret:
                        return Disconnect(disconnects.KEY_REQUIRED, NextStep.GIVE_UP)
                    socket.send(socket_messages.auth(self.config.secret))
                elif isinstance(message, socket_messages.Connected):
                    self._on_connected(socket, message)
                    is_connected = True
                elif isinstance(message, socket_messages.ErrorMessage) and message.stream is None:
                    last_error = message.message
                if message:
                    self._deliver_message(message)
        except ConnectionClosed as closed:
            frame = closed.rcvd or closed.sent
            return disconnects.from_close_code(frame.code if frame else None, last_error)
        return Disconnect("closed by this client")

    def _parse(self, text: str | bytes) -> socket_messages.Message | None:
        try:
            return socket_messages.parse(text)
        except WireError as error:
            self.deliver(events.ErrorReported(str(error)))
            return None

    def _on_connected(self, socket: ClientConnection, message: socket_messages.Connected) -> None:
        while not self._outbox.empty():  # all subscriptions are sent below
            self._outbox.get()
        for stream, subscription in self.subscriptions().items():
            socket.send(self._subscribe_text(stream, subscription))
        self.deliver(events.Connected(time.monotonic(), message.streams))

    def _flush_outbox(self, socket: ClientConnection) -> None:
        while not self._outbox.empty():
            socket.send(self._outbox.get())

    def _deliver_message(self, message: socket_messages.Message) -> None:
        if isinstance(message, socket_messages.StreamMessage):
            if message.stream in EVENT_STREAMS and message.seq is not None and message.epoch:
                self._resume_points[message.stream] = (message.epoch, message.seq)
            self.deliver_data(message.stream, message.data, message.timestamp)
        elif isinstance(message, socket_messages.Gap):
            self.deliver(events.Missed(message.stream, message.missed))
        elif isinstance(message, socket_messages.ErrorMessage) and message.code not in disconnects.CLOSING_ERRORS:
            self.deliver(events.ErrorReported(message.message, message.stream, message.code))

    def deliver_data(self, stream: str, data: object, timestamp: str) -> None:
        """Convert and deliver a stream's data."""
        if stream not in self.subscriptions():  # still in flight when the subscription ended
            return
        try:
            value = self.read(stream, data)
        except WireError as error:
            self.deliver(events.ErrorReported(str(error), stream))
            return
        self.deliver(events.StreamData(stream, value, time.monotonic(), timestamp))
