"""Why a connection ended, in words, and what comes next: again, over HTTP, or nothing without the user. [pure]"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

FIRST_DELAY_S = 0.5
CALM_DOWN_S = 5.0


class Next(Enum):
    RETRY = "retry"
    POLL = "poll"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Ending:
    """`code`: of the WebSocket's close; `at_least_s`: the shortest wait before the next try."""

    reason: str
    next: Next = Next.RETRY
    code: int | None = None
    at_least_s: float = 0.0


NO_KEY = "The server wants a key: set API_KEY to a key or token."

# Complaints after which the server closes: they are the reason of the ending, and no news of their own.
LAST_WORDS = frozenset({
    "auth_timeout", "bad_messages", "flooding", "invalid_credential", "revoked", "shutting_down", "too_many_clients",
    "unknown_path",
})  # fmt: skip

CLOSED = {
    1000: Ending("the server closed the connection"),
    1001: Ending("the server is going away"),
    1009: Ending("the server sent a message that is too large", at_least_s=CALM_DOWN_S),
    1011: Ending("the server does not answer any more"),
    1012: Ending("the server restarts"),
    4401: Ending("The server does not accept this key.", Next.GIVE_UP),
    4403: Ending("The server does not allow this.", Next.GIVE_UP),
    4404: Ending("there is no /ws at this address", Next.POLL),
    4008: Ending("this client read too slowly"),
    4429: Ending("this client sent too much, or the server has too many clients", at_least_s=CALM_DOWN_S),
    4503: Ending("the server is shutting down"),
}


def closed(code: int | None, said: str = "") -> Ending:
    """`said`: the server's last complaint, which tells more than the code."""
    known = CLOSED.get(code or 0, Ending("the connection was lost"))
    tells_more = said and code in (4401, 4403, 4429)
    return replace(known, code=code, reason=said if tells_more else known.reason)


def refused(status: int) -> Ending:
    """The handshake of /ws was answered with this HTTP status."""
    if status == 401:
        return Ending(CLOSED[4401].reason, Next.GIVE_UP)
    if status == 429 or status >= 500:
        return Ending(f"the server answered {status} at /ws", at_least_s=1.0)
    return Ending(f"/ws was refused with {status}", Next.POLL)


def delay_s(failures: int, longest_s: float, chance: float) -> float:
    """Before the next try, after `failures` in a row. `chance`: 0 to 1, so that clients do not come in step."""
    return min(longest_s, FIRST_DELAY_S * 2.0 ** min(failures, 20)) * (0.5 + chance / 2)
