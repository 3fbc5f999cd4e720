"""Maps close codes and HTTP statuses to a reason and the next step: retry, poll or give up. [pure]"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

FIRST_DELAY_S = 0.5
RATE_LIMIT_DELAY_S = 5.0


class NextStep(Enum):
    RETRY = "retry"
    POLL = "poll"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Disconnect:
    """`code`: the WebSocket close code; `at_least_s`: minimum delay before the next attempt."""

    reason: str
    next_step: NextStep = NextStep.RETRY
    code: int | None = None
    at_least_s: float = 0.0


KEY_REQUIRED = "The server requires a key: set API_KEY to a key or token."

# Errors sent just before a close: they become its reason and are not reported separately.
CLOSING_ERRORS = frozenset({
    "auth_timeout", "bad_messages", "flooding", "invalid_credential", "revoked", "shutting_down", "too_many_clients",
    "unknown_path",
})  # fmt: skip

BY_CLOSE_CODE = {
    1000: Disconnect("the server closed the connection"),
    1001: Disconnect("the server is shutting down or restarting"),
    1009: Disconnect("the server sent a message that is too large", at_least_s=RATE_LIMIT_DELAY_S),
    1011: Disconnect("the server stopped responding"),
    1012: Disconnect("the server is restarting"),
    4401: Disconnect("The server rejected the key.", NextStep.GIVE_UP),
    4403: Disconnect("The server denied access.", NextStep.GIVE_UP),
    4404: Disconnect("there is no /ws at this address", NextStep.POLL),
    4008: Disconnect("this client read too slowly"),
    4429: Disconnect("rate limit or connection limit reached", at_least_s=RATE_LIMIT_DELAY_S),
    4503: Disconnect("the server is shutting down"),
}


def from_close_code(code: int | None, last_error: str = "") -> Disconnect:
    """`last_error`: the last error message from the server; more specific than some codes."""
    disconnect = BY_CLOSE_CODE.get(code or 0, Disconnect("the connection was lost"))
    is_more_specific = last_error and code in (4401, 4403, 4429)
    return replace(disconnect, code=code, reason=last_error if is_more_specific else disconnect.reason)


def from_handshake_status(status: int) -> Disconnect:
    """For the HTTP status of a rejected /ws handshake."""
    if status == 401:
        return Disconnect(BY_CLOSE_CODE[4401].reason, NextStep.GIVE_UP)
    if status == 429 or status >= 500:
        return Disconnect(f"the server answered {status} at /ws", at_least_s=1.0)
    return Disconnect(f"/ws was rejected with {status}", NextStep.POLL)


def backoff_s(failures: int, max_s: float, jitter: float) -> float:
    """Delay after `failures` consecutive failures. `jitter`: random, 0 to 1; keeps clients from retrying in step."""
    return min(max_s, FIRST_DELAY_S * 2.0 ** min(failures, 20)) * (0.5 + jitter / 2)
