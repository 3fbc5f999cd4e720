"""The values that `rpc.sock` carries: builds calls and parses replies, as arguments of AMP frames. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pm2.daemon.process import as_text
from pm2.errors import CallFailed, ProtocolError


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to the call with this id: either `error` or `value`."""

    id: str
    error: str | None
    value: object


def build_call(method: str, arguments: Sequence[object], call_id: str) -> list[object]:
    return [{"type": "call", "method": method, "args": list(arguments)}, call_id]


def parse_reply(arguments: Sequence[object]) -> Reply:
    """Raises ProtocolError if the frame is not a reply."""
    envelope, call_id = arguments if len(arguments) == 2 else (None, None)
    if not isinstance(envelope, dict) or not isinstance(call_id, str):
        raise ProtocolError(f"PM2 sent a frame of {len(arguments)} arguments that is not a reply.")
    if "error" in envelope:
        return Reply(call_id, _error_message(envelope["error"]), None)
    values = envelope.get("args")
    return Reply(call_id, None, values[0] if isinstance(values, list) and values else None)


def _error_message(error: object) -> str:
    if isinstance(error, dict):
        error = error.get("message") or error.get("msg") or error
    return as_text(error) if isinstance(error, str) else str(error)


def unwrap_reply(reply: Reply, method: str) -> object:
    """The value of a reply. Raises CallFailed if the reply is an error."""
    if reply.error is not None:
        raise CallFailed(method, reply.error)
    return reply.value
