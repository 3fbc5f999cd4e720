"""The messages of /ws: what a client may say, what it is answered. [pure]"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from system.lib.feed import Filter

VERSION = 1
MESSAGE_BYTES = 64 * 1024
ID_LENGTH = 128
FILTER_LENGTH = 200
MIN_INTERVAL_MS, DEFAULT_INTERVAL_MS, MAX_INTERVAL_MS = 250, 1000, 60_000


class Close(IntEnum):
    """autobahn, under daphne, takes only 1000 and 3000 to 4999; other codes leave a dead socket behind."""

    NORMAL = 1000
    NOT_AUTHENTICATED = 4401
    FORBIDDEN = 4403
    UNKNOWN_PATH = 4404
    TOO_SLOW = 4008
    FLOODING = 4429
    SHUTTING_DOWN = 4503


class BadMessage(Exception):
    """A message that cannot be followed; the connection stays."""

    def __init__(self, code: str, message: str, stream: str | None = None, message_id: str | int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.stream = stream
        self.message_id = message_id


@dataclass(frozen=True, slots=True)
class Message:
    """What a client said. `interval_ms` is as granted; `secret` a key or token; `since` an epoch and a number."""

    type: str
    id: str | int | None = None
    stream: str = ""
    interval_ms: int = DEFAULT_INTERVAL_MS
    secret: str = ""
    since: tuple[str, int] | None = None
    filter: Filter = ()


def parse(text: str, streams: Mapping[str, object]) -> Message:
    """Raises BadMessage with a code and a sentence."""
    shape = _object(text)
    message_id = shape.get("id")
    if isinstance(message_id, bool) or not isinstance(message_id, (str, int, type(None))):
        raise BadMessage("bad_id", "id is a text or a whole number.")
    if len(str(message_id)) > ID_LENGTH:
        raise BadMessage("bad_id", f"id has at most {ID_LENGTH} characters.")
    kind = shape.get("type")
    if kind == "ping":
        return Message("ping", message_id)
    if kind == "auth":
        return Message("auth", message_id, secret=_secret(shape, message_id))
    if kind in ("subscribe", "unsubscribe"):
        stream = shape.get("stream")
        if not isinstance(stream, str) or stream not in streams:
            known = ", ".join(sorted(streams))
            named = stream[:ID_LENGTH] if isinstance(stream, str) else None
            raise BadMessage("unknown_stream", f"There is no such stream. Streams: {known}.", named, message_id)
        return Message(
            str(kind),
            message_id,
            stream,
            granted(shape.get("interval", DEFAULT_INTERVAL_MS), stream, message_id),
            since=_since(shape.get("since"), stream, message_id),
            filter=_filter(shape.get("filter"), stream, message_id),
        )
    known = "auth, ping, subscribe, unsubscribe"
    raise BadMessage("unknown_type", f"type is none of {known}.", None, message_id)


def _object(text: str) -> dict[str, object]:
    if len(text) > MESSAGE_BYTES:
        raise BadMessage("too_large", f"A message has at most {MESSAGE_BYTES // 1024} KiB.")
    try:
        shape = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage("bad_json", "The message is not JSON.") from None
    if not isinstance(shape, dict):
        raise BadMessage("bad_json", "The message is not a JSON object.")
    return shape


def _secret(shape: Mapping[str, object], message_id: str | int | None) -> str:
    secret = shape.get("apiKey", shape.get("token"))
    if not isinstance(secret, str) or not secret:
        raise BadMessage("bad_auth", "auth carries apiKey or token, a text.", None, message_id)
    return secret


def granted(interval: object, stream: str, message_id: str | int | None) -> int:
    """The interval in milliseconds, moved into what is allowed. Raises BadMessage for what is no number."""
    if isinstance(interval, bool) or not isinstance(interval, (int, float)) or interval != interval:  # NaN
        raise BadMessage("bad_interval", "interval is a number of milliseconds.", stream, message_id)
    return int(min(max(interval, MIN_INTERVAL_MS), MAX_INTERVAL_MS))


def _since(since: object, stream: str, message_id: str | int | None) -> tuple[str, int] | None:
    """`{epoch, seq}` of the last message that the client saw."""
    if since is None:
        return None
    epoch, seq = (since.get("epoch"), since.get("seq")) if isinstance(since, dict) else (None, None)
    if not isinstance(epoch, str) or isinstance(seq, bool) or not isinstance(seq, int) or seq < 0:
        raise BadMessage("bad_since", "since is {epoch, seq} of the last message seen.", stream, message_id)
    return epoch, seq


def _filter(wanted: object, stream: str, message_id: str | int | None) -> Filter:
    if wanted is None:
        return ()
    if not isinstance(wanted, dict) or not all(isinstance(value, str) for value in wanted.values()):
        raise BadMessage("bad_filter", "filter is an object of texts.", stream, message_id)
    if any(len(value) > FILTER_LENGTH for value in wanted.values()):
        raise BadMessage("bad_filter", f"A filter has at most {FILTER_LENGTH} characters.", stream, message_id)
    return tuple(sorted(wanted.items()))


def encode(shape: Mapping[str, object]) -> str:
    """Compact JSON. Raises ValueError for NaN, which has no place on the wire."""
    return json.dumps(shape, separators=(",", ":"), allow_nan=False)


def reply(kind: str, timestamp: str, message_id: str | int | None = None, **facts: object) -> str:
    """An answer; `id` is repeated when the client gave one."""
    shape = {"type": kind, **facts, "timestamp": timestamp}
    return encode(shape if message_id is None else shape | {"id": message_id})


def error(code: str, message: str, stream: str | None = None, message_id: str | int | None = None) -> str:
    shape: dict[str, object] = {"type": "error", "message": message, "code": code}
    optional = {"stream": stream, "id": message_id}
    return encode(shape | {key: value for key, value in optional.items() if value is not None})
