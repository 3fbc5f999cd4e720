"""Parses and builds the messages of /ws. [pure]"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from dashboard_client.errors import WireError
from dashboard_client.wire.decode import convert, parse_json


@dataclass(frozen=True, slots=True)
class Connected:
    client_id: str = ""
    streams: tuple[str, ...] = ()
    protocol: int = 0  # 0: the server did not send it


@dataclass(frozen=True, slots=True)
class AuthRequired:
    pass


@dataclass(frozen=True, slots=True)
class Subscribed:
    stream: str
    interval: int = 0  # ms, as granted


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    stream: str


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """`data`: decoded JSON, see `host_and_pm2.read_stream`. `seq` and `epoch`: resume point after a lost connection."""

    stream: str
    data: object
    timestamp: str = ""
    seq: int | None = None
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Items of a stream were lost. `missed`: how many, None if unknown."""

    stream: str
    missed: int | None = None
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """An error. The connection stays open unless a close frame follows."""

    message: str
    code: str = ""
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class Pong:
    timestamp: str = ""


Message = Connected | AuthRequired | Subscribed | Unsubscribed | StreamMessage | Gap | ErrorMessage | Pong
MESSAGE_TYPES: Mapping[str, type[Message]] = {
    "connected": Connected,
    "auth_required": AuthRequired,
    "subscribed": Subscribed,
    "unsubscribed": Unsubscribed,
    "gap": Gap,
    "error": ErrorMessage,
    "pong": Pong,
}


def parse(text: str | bytes) -> Message | None:
    """Returns None for unknown types, which newer servers may send. Raises WireError."""
    payload = parse_json(text)
    if not isinstance(payload, dict):
        raise WireError("The server sent a message that is not a JSON object.")
    kind = payload.get("type")
    if kind == "metric":
        return _stream_message(payload)
    message_type = MESSAGE_TYPES.get(kind) if isinstance(kind, str) else None
    return convert(message_type, payload) if message_type else None


def _stream_message(payload: dict[str, object]) -> StreamMessage:
    head = convert(_StreamMessageFields, payload)
    return StreamMessage(head.stream, payload.get("data"), head.timestamp, head.seq, head.epoch)


@dataclass(frozen=True, slots=True)
class _StreamMessageFields:
    stream: str
    timestamp: str = ""
    seq: int | None = None
    epoch: str = ""


def subscribe(
    stream: str, interval_ms: int, since: tuple[str, int] | None = None, filters: Mapping[str, str] | None = None
) -> str:
    """`since`: epoch and seq of the last message received."""
    payload: dict[str, object] = {"type": "subscribe", "stream": stream, "interval": interval_ms}
    if since:
        payload["since"] = {"epoch": since[0], "seq": since[1]}
    if filters:
        payload["filter"] = dict(filters)
    return json.dumps(payload)


def unsubscribe(stream: str) -> str:
    return json.dumps({"type": "unsubscribe", "stream": stream})


def auth(secret: str) -> str:
    return json.dumps({"type": "auth", "apiKey": secret})
