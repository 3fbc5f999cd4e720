"""The live half of the network: one thread that keeps a WebSocket, or polls where it cannot. [io: websockets]"""

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
from dashboard_client.network.api import reason
from dashboard_client.network.disconnects import Ending, Next
from dashboard_client.network.poller import Poller
from dashboard_client.wire import host_and_pm2, socket_messages

log = logging.getLogger("dashboard_client.network.feed")
log.addHandler(logging.NullHandler())  # a stray line would break the screen
log.propagate = False

MAX_MESSAGE_BYTES = 10 * 2**20
PING_S, PONG_S = 5.0, 10.0  # after 15 s without a sign of life the server is gone
TURN_S = 0.1  # how long a subscription, or the end, may wait while nothing comes in
HEALTHY_S = 10.0  # a connection that lives this long has proved itself
POLL_FOR_S = 30.0  # then /ws is tried again
RINGS = frozenset({"pm2:logs", "pm2:events", "activity"})

Deliver = Callable[[events.NetworkEvent], None]
ReadData = Callable[[str, object], object]


@dataclass(frozen=True, slots=True)
class Subscription:
    interval_ms: int
    wanted: Mapping[str, str] | None = None


class Feed:
    """Delivers what happens from its own thread. Subscriptions last until they are ended, over every loss."""

    def __init__(self, config: Config, deliver: Deliver, read: ReadData = host_and_pm2.read_stream) -> None:
        self.config, self.deliver, self.read = config, deliver, read
        self._lock = threading.Lock()
        self._subscriptions: dict[str, Subscription] = {}
        self._places: dict[str, tuple[str, int]] = {}
        self._outbox: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stopping, self._hurry = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._poller = Poller(config, self)

    def start(self) -> None:
        self._thread.start()

    def stop(self, wait_s: float = 1.0) -> None:
        self._stopping.set()
        self._hurry.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(wait_s)

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def retry_now(self) -> None:
        """Do not wait for the next try; try again, too, where trying had ended."""
        self._hurry.set()

    def subscribe(self, stream: str, interval_s: float = 1.0, wanted: Mapping[str, str] | None = None) -> None:
        """Again with another interval or filter replaces the first."""
        subscription = Subscription(round(interval_s * 1000), wanted)
        with self._lock:
            before = self._subscriptions.get(stream)
            self._subscriptions[stream] = subscription
            if before and before.wanted != wanted:  # another filter begins anew
                self._places.pop(stream, None)
        self._outbox.put(self._subscribe_text(stream, subscription))

    def unsubscribe(self, stream: str) -> None:
        with self._lock:
            self._subscriptions.pop(stream, None)
            self._places.pop(stream, None)
        self._outbox.put(socket_messages.unsubscribe(stream))

    def subscriptions(self) -> dict[str, Subscription]:
        with self._lock:
            return dict(self._subscriptions)

    def _subscribe_text(self, stream: str, subscription: Subscription) -> str:
        return socket_messages.subscribe(
            stream, subscription.interval_ms, self._places.get(stream), subscription.wanted
        )

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self.deliver(events.Connecting(failures + 1))
            began_s = time.monotonic()
            ending = self._connection()
            if ending.next is Next.POLL:
                ending = self._poller.poll(ending, POLL_FOR_S)
            failures = 0 if time.monotonic() - began_s > HEALTHY_S else failures + 1
            if self._stopping.is_set():
                return
            if ending.next is not Next.POLL:  # polling goes on: nothing was lost
                self._wait(ending, failures)

    def _wait(self, ending: Ending, failures: int) -> None:
        """Sleep before the next try. Ends early when somebody is in a hurry."""
        self._hurry.clear()
        if self.is_stopping:
            return
        wait_s = None
        if ending.next is Next.RETRY:
            drawn_s = disconnects.delay_s(max(0, failures - 1), self.config.reconnect_max_s, random.random())  # noqa: S311
            wait_s = max(ending.at_least_s, drawn_s)
        self.deliver(events.Disconnected(ending.reason, time.monotonic(), wait_s, ending.code))
        self._hurry.wait(wait_s)

    def _connection(self) -> Ending:
        """One connection from its beginning to its end."""
        try:
            with self._opened() as socket:
                return self._talk(socket)
        except InvalidStatus as error:
            return disconnects.refused(error.response.status_code)
        except (InvalidProxy, ProxyError):
            return Ending(f"Cannot connect to API server {self.config.server}: the proxy of the environment failed")
        except (InvalidHandshake, InvalidMessage) as error:
            if isinstance(error.__cause__, (OSError, EOFError)):
                return Ending(f"Cannot connect to API server {self.config.server}: {reason(error.__cause__)}")
            return Ending("something at /ws does not speak WebSocket", Next.POLL)
        except (OSError, TimeoutError, UnicodeError, InvalidURI, ValueError) as error:
            return Ending(f"Cannot connect to API server {self.config.server}: {reason(error)}")

    def _opened(self) -> ClientConnection:
        local: dict[str, Any] = {"proxy": None} if self.config.is_local else {}
        socket: ClientConnection = connect(
            self.config.ws_url,
            additional_headers={"X-API-Key": self.config.secret} if self.config.secret else None,
            open_timeout=self.config.timeout_s,
            close_timeout=1,
            ping_interval=PING_S,
            ping_timeout=PONG_S,
            max_size=MAX_MESSAGE_BYTES,
            logger=log,
            **local,
        )
        return socket

    def _talk(self, socket: ClientConnection) -> Ending:
        said, is_welcome = "", False
        try:
            while not self.is_stopping:
                if is_welcome:  # before, it would be said twice, or to a server that does not know us
                    self._send_waiting(socket)
                try:
                    text = socket.recv(timeout=TURN_S)
                except TimeoutError:
                    continue
                message = self._parsed(text)
                if isinstance(message, socket_messages.AuthRequired):
                    if not self.config.secret:
                        return Ending(disconnects.NO_KEY, Next.GIVE_UP)
                    socket.send(socket_messages.auth(self.config.secret))
                elif isinstance(message, socket_messages.Connected):
                    self._welcomed(socket, message)
                    is_welcome = True
                elif isinstance(message, socket_messages.Complaint) and message.stream is None:
                    said = message.message
                if message:
                    self._pass_on(message)
        except ConnectionClosed as closed:
            frame = closed.rcvd or closed.sent
            return disconnects.closed(frame.code if frame else None, said)
        return Ending("closed by this client")

    def _parsed(self, text: str | bytes) -> socket_messages.Message | None:
        try:
            return socket_messages.parse(text)
        except WireError as error:
            self.deliver(events.Complained(str(error)))
            return None

    def _welcomed(self, socket: ClientConnection, message: socket_messages.Connected) -> None:
        while not self._outbox.empty():  # all of it is said again below
            self._outbox.get()
        for stream, subscription in self.subscriptions().items():
            socket.send(self._subscribe_text(stream, subscription))
        self.deliver(events.Connected(time.monotonic(), message.streams))

    def _send_waiting(self, socket: ClientConnection) -> None:
        while not self._outbox.empty():
            socket.send(self._outbox.get())

    def _pass_on(self, message: socket_messages.Message) -> None:
        if isinstance(message, socket_messages.Metric):
            if message.stream in RINGS and message.seq is not None and message.epoch:
                self._places[message.stream] = (message.epoch, message.seq)
            self.pass_on_data(message.stream, message.data, message.timestamp)
        elif isinstance(message, socket_messages.Gap):
            self.deliver(events.Missed(message.stream, message.missed))
        elif isinstance(message, socket_messages.Complaint) and message.code not in disconnects.LAST_WORDS:
            self.deliver(events.Complained(message.message, message.stream, message.code))

    def pass_on_data(self, stream: str, data: object, timestamp: str) -> None:
        """A stream's data as it came."""
        if stream not in self.subscriptions():  # what was under way when the subscription ended
            return
        try:
            value = self.read(stream, data)
        except WireError as error:
            self.deliver(events.Complained(str(error), stream))
            return
        self.deliver(events.Metric(stream, value, time.monotonic(), timestamp))
