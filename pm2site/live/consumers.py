"""The WebSocket consumer of /ws: authenticates a client, handles its messages and sends what is due.

What a client has subscribed to, and which messages are due, is in `subscriptions`.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer

from pm2site.access import auth
from pm2site.access.auth import Credential
from pm2site.errors import InvalidCredential, TooManyAttempts
from pm2site.http import error_responses
from pm2site.http.django_bridge import pools
from pm2site.http.visit import SCOPE_KEY, Visit
from pm2site.live import messages
from pm2site.live.connections import OpenSocket, sockets
from pm2site.live.hub import Source
from pm2site.live.messages import BadMessage, Close, Message
from pm2site.live.subscriptions import ClientSubscriptions
from pm2site.transport.connection_probe import admit_client, is_blocked
from system.lib.wire import iso_time

log = structlog.get_logger("pm2site.ws")

AUTH_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0
SLOW_POLL_S = 0.1
MAX_BAD_MESSAGES = 20
USER_AGENT_LENGTH = 200  # kept of a header that may have kilobytes


def now() -> str:
    return iso_time(datetime.now(UTC))


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """`streams`: name → sample function or feed. `read_timeout_s`: how long a client may stop reading."""

    streams: Mapping[str, Source] = {}
    read_timeout_s = READ_TIMEOUT_S
    auth_timeout_s = AUTH_TIMEOUT_S

    def __init__(
        self,
        *args: Any,
        streams: Mapping[str, Source],
        read_timeout_s: float = READ_TIMEOUT_S,
        auth_timeout_s: float = AUTH_TIMEOUT_S,
    ) -> None:
        super().__init__(*args)
        self.streams, self.read_timeout_s, self.auth_timeout_s = streams, read_timeout_s, auth_timeout_s
        self.client_id = uuid.uuid4().hex[:12]
        self.credential: Credential | None = None
        self.address = self.user_agent = ""
        self.connected_at = datetime.now(UTC)
        self.subscriptions = ClientSubscriptions(streams)
        self.bad_messages = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.closed_with: int | None = None
        self.application: asyncio.Task[Any] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.application = asyncio.current_task()
        try:
            await super().__call__(scope, receive, send)
        finally:  # also on cancellation, when disconnect() is not called
            self._clean_up()

    def _clean_up(self) -> None:
        self.subscriptions.end_all()
        for task in self.tasks:
            task.cancel()
        if sockets.remove(self):
            log.info("client left", client=self.client_id, actor=self._actor(), code=self.closed_with)

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own dispatch goes through the single database thread before each message; these handlers need none.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        visit: Visit = self.scope[SCOPE_KEY]
        self.address, self.user_agent = visit.head.address, visit.head.headers.get("user-agent", "")[:USER_AGENT_LENGTH]
        await self.accept()
        excess = sockets.add(self)
        if excess:
            await self._close_with_error(Close.FLOODING, "too_many_clients", excess)
        elif not await self._identify(auth.identify, visit.head):
            return
        elif self.credential:
            await self._start_session()
        else:
            await self.send(messages.encode_message("auth_required", now()))
            self._start_task(self._enforce_auth_timeout())

    def _start_task(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("client task failed", client=self.client_id, exc_info=task.exception())
            self.cancel()  # a socket that receives nothing must not appear alive

    async def _enforce_auth_timeout(self) -> None:
        await asyncio.sleep(self.auth_timeout_s)
        if self.credential is None:
            await self._close_with_error(
                Close.NOT_AUTHENTICATED, "auth_timeout", f"No auth message within {self.auth_timeout_s:g} s."
            )

    async def _identify(self, identify: Callable[..., Credential | None], *arguments: object) -> bool:
        """Sets the credential. False if it is refused; the socket is then closed."""
        try:
            self.credential = await pools().reads.run(identify, *arguments)
        except (InvalidCredential, TooManyAttempts) as error:
            await self._close_with_error(Close.NOT_AUTHENTICATED, "invalid_credential", str(error))
            return False
        except error_responses.DATABASE_ERRORS as error:
            status, code = error_responses.status_and_code(error)
            log.exception("client could not be identified", client=self.client_id)
            await self._close_with_error(Close.SHUTTING_DOWN, code, error_responses.error_message(error, status))
            return False
        excess = sockets.find_excess(self)
        if excess:
            await self._close_with_error(Close.FLOODING, "too_many_clients", excess)
        return excess is None

    async def _start_session(self, message_id: str | int | None = None) -> None:
        admit_client(self.scope)
        log.info("client came", client=self.client_id, actor=self._actor(), address=self.address)
        names = sorted(self.streams)
        fields = {"clientId": self.client_id, "streams": names, "protocol": messages.VERSION}
        await self.send(messages.encode_message("connected", now(), message_id, **fields))
        self._start_task(self._pump())

    def _actor(self) -> str:
        return self.credential.actor if self.credential else "nobody"

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.closed_with is not None:
            return
        try:
            if text_data is None:
                raise BadMessage("binary", "Messages must be JSON in text frames.")  # noqa: TRY301
            await self._handle(messages.parse(text_data, self.streams))
        except BadMessage as error:
            await self.send(messages.encode_error(error.code, str(error), error.stream, error.message_id))
            self.bad_messages += 1
            if self.bad_messages >= MAX_BAD_MESSAGES:
                await self._close_with_error(Close.FLOODING, "bad_messages", "Too many invalid messages.")

    async def websocket_flood(self, message: Mapping[str, Any]) -> None:
        """The transport has stopped reading a client that exceeded its limits."""
        texts = {
            "flooding": "Too many messages; the limit is 20 per second, control frames included.",
            "message_too_large": "The message is too large.",
        }
        await self._close_with_error(Close.FLOODING, message["reason"], texts[message["reason"]])

    async def _handle(self, message: Message) -> None:
        if message.type == "ping":
            await self.send(messages.encode_message("pong", now(), message.id))
        elif message.type == "auth":
            await self._authenticate(message)
        elif self.credential is None:
            raise BadMessage("not_authenticated", "Authenticate first.", message.stream, message.id)
        elif message.type == "subscribe":
            await self._subscribe(message)
        else:
            await self._unsubscribe(message)

    async def _authenticate(self, message: Message) -> None:
        if self.credential is not None:
            raise BadMessage("authenticated", "This connection is already authenticated.", None, message.id)
        if await self._identify(auth.check_secret, message.secret, self.address):
            await self._start_session(message.id)

    async def _subscribe(self, message: Message) -> None:
        self.subscriptions.check(message)
        fields = {"stream": message.stream, "interval": message.interval_ms}
        await self.send(messages.encode_message("subscribed", now(), message.id, **fields))
        self.subscriptions.subscribe(message)

    async def _unsubscribe(self, message: Message) -> None:
        self.subscriptions.unsubscribe(message.stream)
        await self.send(messages.encode_message("unsubscribed", now(), message.id, stream=message.stream))

    async def _pump(self) -> None:
        """Sends due messages; skips while the client does not read, and closes after `read_timeout_s` of that."""
        loop = asyncio.get_running_loop()
        while True:
            await self.subscriptions.wake.wait()
            self.subscriptions.wake.clear()
            if is_blocked(self.scope) and not await self._wait_until_unblocked():
                await self._close_with_error(
                    Close.TOO_SLOW, "too_slow", f"The client read nothing for {self.read_timeout_s:g} s."
                )
                return
            for subscription in self.subscriptions.current():
                for text in subscription.take_due(loop.time()):
                    await self.send(text)

    async def _wait_until_unblocked(self) -> bool:
        polls = max(1, round(self.read_timeout_s / SLOW_POLL_S))
        for _ in itertools.repeat(None, polls):
            await asyncio.sleep(SLOW_POLL_S)
            if not is_blocked(self.scope):
                return True
        return False

    def describe(self) -> OpenSocket | None:
        """As others may see it; None until it is authenticated."""
        if self.credential is None:
            return None
        return OpenSocket(
            self.credential, self.address, self.user_agent, self.connected_at, tuple(self.subscriptions.names())
        )

    async def revoked(self) -> None:
        """Closes the connection because its credential was revoked."""
        await self._close_with_error(Close.NOT_AUTHENTICATED, "revoked", "This credential has been revoked.")

    async def shut_down(self) -> None:
        """Closes the connection because the server stops; the client may reconnect to the next one."""
        await self._close_with_error(Close.SHUTTING_DOWN, "shutting_down", "The server is shutting down.")

    def cancel(self) -> None:
        """Ends the connection without a message."""
        if self.application:
            self.application.cancel()

    async def _close_with_error(self, code: Close, error: str, message: str) -> None:
        if self.closed_with is not None:
            return
        self.closed_with = int(code)
        log.info("client closed", client=self.client_id, actor=self._actor(), code=int(code), reason=error)
        if code is not Close.TOO_SLOW:  # a client that has stopped reading would not read this either
            await self.send(messages.encode_error(error, message))
        await self.close(code=int(code))


class UnknownPathConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Any other path: accepts in order to send an error, since a refused handshake cannot carry a reason."""

    async def dispatch(self, message: dict[str, Any]) -> None:
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        await self.accept()
        await self.send(messages.encode_error("unknown_path", "The WebSocket is at /ws."))
        await self.close(code=int(Close.UNKNOWN_PATH))
