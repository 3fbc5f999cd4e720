"""The messages of /ws: what the server may say, what it is told. [pure]"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from dashboard_client.errors import WireError
from dashboard_client.wire.decode import decode, read


@dataclass(frozen=True, slots=True)
class Connected:
    client_id: str = ""
    streams: tuple[str, ...] = ()
    protocol: int = 0  # 0: a server that does not say


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
class Metric:
    """`data` is as it came: `wire.read_stream` reads it. `seq` and `epoch`: where to go on after a loss."""

    stream: str
    data: object
    timestamp: str = ""
    seq: int | None = None
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Items of a stream were lost: `missed` of them, None when nobody knows."""

    stream: str
    missed: int | None = None
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """The server cannot follow something; the connection stays, unless it says why it ends."""

    message: str
    code: str = ""
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class Pong:
    timestamp: str = ""


Message = Connected | AuthRequired | Subscribed | Unsubscribed | Metric | Gap | Complaint | Pong
KINDS: Mapping[str, type[Message]] = {
    "connected": Connected,
    "auth_required": AuthRequired,
    "subscribed": Subscribed,
    "unsubscribed": Unsubscribed,
    "gap": Gap,
    "error": Complaint,
    "pong": Pong,
}


def parse(text: str | bytes) -> Message | None:
    """None for a type that we do not know: servers may learn new ones. Raises WireError."""
    shape = decode(text)
    if not isinstance(shape, dict):
        raise WireError("A message of the server is no JSON object.")
    kind = shape.get("type")
    if kind == "metric":
        return _metric(shape)
    known = KINDS.get(kind) if isinstance(kind, str) else None
    return read(known, shape) if known else None


def _metric(shape: dict[str, object]) -> Metric:
    head = read(_MetricHead, shape)
    return Metric(head.stream, shape.get("data"), head.timestamp, head.seq, head.epoch)


@dataclass(frozen=True, slots=True)
class _MetricHead:
    stream: str
    timestamp: str = ""
    seq: int | None = None
    epoch: str = ""


def subscribe(
    stream: str, interval_ms: int, since: tuple[str, int] | None = None, wanted: Mapping[str, str] | None = None
) -> str:
    """`since`: epoch and number of the last message seen; `wanted`: a filter."""
    shape: dict[str, object] = {"type": "subscribe", "stream": stream, "interval": interval_ms}
    if since:
        shape["since"] = {"epoch": since[0], "seq": since[1]}
    if wanted:
        shape["filter"] = dict(wanted)
    return json.dumps(shape)


def unsubscribe(stream: str) -> str:
    return json.dumps({"type": "unsubscribe", "stream": stream})


def auth(secret: str) -> str:
    return json.dumps({"type": "auth", "apiKey": secret})
