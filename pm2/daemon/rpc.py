"""Calls and replies of PM2's `rpc.sock`, as arguments of AMP frames. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pm2.errors import CallFailed, ProtocolError


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the call with this id: `error` or `value`."""

    id: str
    error: str | None
    value: object


def call(method: str, arguments: Sequence[object], call_id: str) -> list[object]:
    return [{"type": "call", "method": method, "args": list(arguments)}, call_id]


def parse_reply(arguments: Sequence[object]) -> Reply:
    """Raises ProtocolError for a frame that is no reply."""
    envelope, call_id = arguments if len(arguments) == 2 else (None, None)
    if not isinstance(envelope, dict) or not isinstance(call_id, str):
        raise ProtocolError(f"PM2 sent a frame of {len(arguments)} arguments that is no reply.")
    if "error" in envelope:
        return Reply(call_id, _reason(envelope["error"]), None)
    values = envelope.get("args")
    return Reply(call_id, None, values[0] if isinstance(values, list) and values else None)


def _reason(error: object) -> str:
    if isinstance(error, dict):
        error = error.get("message") or error.get("msg") or error
    return str(error)


def value_of(reply: Reply, method: str) -> object:
    """Raises CallFailed."""
    if reply.error is not None:
        raise CallFailed(method, reply.error)
    return reply.value
