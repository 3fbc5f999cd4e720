"""Parses and encodes the messages of /ws. [pure]"""

from __future__ import annotations

import json
import math
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
    """Close codes. autobahn, under daphne, accepts only 1000 and 3000–4999; others leave a dead socket behind."""

    NORMAL = 1000
    NOT_AUTHENTICATED = 4401
    FORBIDDEN = 4403
    UNKNOWN_PATH = 4404
    TOO_SLOW = 4008
    FLOODING = 4429
    SHUTTING_DOWN = 4503


class BadMessage(Exception):
    """An invalid message; the connection stays open."""

    def __init__(self, code: str, message: str, stream: str | None = None, message_id: str | int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.stream = stream
        self.message_id = message_id


@dataclass(frozen=True, slots=True)
class Message:
    """A client's message. `interval_ms` is clamped; `secret`: key or token; `since`: epoch and number."""

    type: str
    id: str | int | None = None
    stream: str = ""
    interval_ms: int = DEFAULT_INTERVAL_MS
    secret: str = ""
    since: tuple[str, int] | None = None
    filter: Filter = ()


def parse(text: str, streams: Mapping[str, object]) -> Message:
    """A key whose value is null counts as absent. Raises BadMessage with a code and a sentence."""
    fields = {key: value for key, value in _parse_object(text).items() if value is not None}
    message_id = fields.get("id")
    if isinstance(message_id, bool) or not isinstance(message_id, (str, int, type(None))):
        raise BadMessage("bad_id", "id must be a string or an integer.")
    if len(str(message_id)) > ID_LENGTH:
        raise BadMessage("bad_id", f"id must have at most {ID_LENGTH} characters.")
    kind = fields.get("type")
    if kind == "ping":
        return Message("ping", message_id)
    if kind == "auth":
        return Message("auth", message_id, secret=_parse_secret(fields, message_id))
    if kind in ("subscribe", "unsubscribe"):
        stream = fields.get("stream")
        if not isinstance(stream, str) or stream not in streams:
            known = ", ".join(sorted(streams))
            name = stream[:ID_LENGTH] if isinstance(stream, str) else None
            raise BadMessage("unknown_stream", f"There is no such stream. Streams: {known}.", name, message_id)
        return Message(
            str(kind),
            message_id,
            stream,
            clamp_interval(fields.get("interval", DEFAULT_INTERVAL_MS), stream, message_id),
            since=_parse_since(fields.get("since"), stream, message_id),
            filter=_parse_filter(fields.get("filter"), stream, message_id),
        )
    types = "auth, ping, subscribe, unsubscribe"
    raise BadMessage("unknown_type", f"type must be one of {types}.", None, message_id)


def _parse_object(text: str) -> dict[str, object]:
    if len(text) > MESSAGE_BYTES:
        raise BadMessage("too_large", f"A message must not exceed {MESSAGE_BYTES // 1024} KiB.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage("bad_json", "The message is not JSON.") from None
    if not isinstance(message, dict):
        raise BadMessage("bad_json", "The message is not a JSON object.")
    return message


def _parse_secret(fields: Mapping[str, object], message_id: str | int | None) -> str:
    secret = fields.get("apiKey", fields.get("token"))
    if not isinstance(secret, str) or not secret:
        raise BadMessage("bad_auth", "auth needs apiKey or token, a string.", None, message_id)
    return secret


def clamp_interval(interval: object, stream: str, message_id: str | int | None) -> int:
    """The interval in milliseconds, clamped to the allowed range. Raises BadMessage if it is not a number."""
    if (
        isinstance(interval, bool)
        or not isinstance(interval, (int, float))
        or (isinstance(interval, float) and not math.isfinite(interval))
    ):
        raise BadMessage("bad_interval", "interval must be a number of milliseconds.", stream, message_id)
    return int(min(max(interval, MIN_INTERVAL_MS), MAX_INTERVAL_MS))


def _parse_since(since: object, stream: str, message_id: str | int | None) -> tuple[str, int] | None:
    """`{epoch, seq}` of the last message that the client received."""
    if since is None:
        return None
    epoch, seq = (since.get("epoch"), since.get("seq")) if isinstance(since, dict) else (None, None)
    if not isinstance(epoch, str) or isinstance(seq, bool) or not isinstance(seq, int) or seq < 0:
        raise BadMessage("bad_since", "since must be {epoch, seq} of the last message received.", stream, message_id)
    return epoch, seq


def _parse_filter(conditions: object, stream: str, message_id: str | int | None) -> Filter:
    if conditions is None:
        return ()
    if isinstance(conditions, dict):
        conditions = {key: value for key, value in conditions.items() if value is not None}
    if not isinstance(conditions, dict) or not all(isinstance(value, str) for value in conditions.values()):
        raise BadMessage("bad_filter", "filter must be an object with string values.", stream, message_id)
    if any(len(value) > FILTER_LENGTH for value in conditions.values()):
        raise BadMessage("bad_filter", f"A filter must have at most {FILTER_LENGTH} characters.", stream, message_id)
    return tuple(sorted(conditions.items()))


def _encode_json(message: Mapping[str, object]) -> str:
    """Compact JSON. Raises ValueError for NaN, which JSON does not have."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False)


def encode_message(kind: str, timestamp: str, message_id: str | int | None = None, **fields: object) -> str:
    """A message of type `kind`; `message_id`: the `id` of the client's message that it responds to."""
    message = {"type": kind, **fields, "timestamp": timestamp}
    return _encode_json(message if message_id is None else message | {"id": message_id})


def encode_metric(stream: str, data: str, timestamp: str, seq: int, epoch: str) -> str:
    """A sample as a message. `data`: JSON, encoded already."""
    head = _encode_json({"type": "metric", "stream": stream})
    tail = _encode_json({"seq": seq, "epoch": epoch, "timestamp": timestamp})
    return f'{head[:-1]},"data":{data},{tail[1:]}'


def encode_error(code: str, message: str, stream: str | None = None, message_id: str | int | None = None) -> str:
    fields: dict[str, object] = {"type": "error", "message": message, "code": code}
    optional = {"stream": stream, "id": message_id}
    return _encode_json(fields | {key: value for key, value in optional.items() if value is not None})
