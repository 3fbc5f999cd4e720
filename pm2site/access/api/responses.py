"""Values of the responses of `/api/access`. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

ROLES = ("act", "read")
WAYS_IN = ("key", "token", "session", "local", "open")
CLIENT_KINDS = ("browser", "dashboard", "program")


@dataclass(frozen=True, slots=True)
class TokenDescription:
    """A token without its text, which is stored nowhere."""

    id: int
    name: str
    prefix: Annotated[str, "The first characters of its text"]
    role: Annotated[str, ROLES]
    created_at: datetime
    last_used: Annotated[datetime | None, "To the minute; null if it was never used"]
    expires_at: Annotated[datetime | None, "Null: never"]
    expired: bool


@dataclass(frozen=True, slots=True)
class TokenList:
    tokens: list[TokenDescription]
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class TokenCreated:
    success: bool
    message: str
    token: TokenDescription
    secret: Annotated[str, "The token's text; no other response has it"]


@dataclass(frozen=True, slots=True)
class TokenRevoked:
    success: bool
    message: str


@dataclass(frozen=True, slots=True)
class ConnectionDescription:
    """An open WebSocket."""

    actor: str
    address: Annotated[str | None, "Null for a client that may only read"]
    kind: Annotated[str, CLIENT_KINDS]
    client: Annotated[str, "The User-Agent: at most 100 printable characters, empty if none was sent"]
    connected_at: datetime
    streams: Annotated[list[str], "What it has subscribed to"]
    is_you: Annotated[bool, "It has the credential and the address of this request"]


@dataclass(frozen=True, slots=True)
class ConnectionCounts:
    """Of all connections, listed or not."""

    total: int
    actors: int
    browser: int
    dashboard: int
    program: int


@dataclass(frozen=True, slots=True)
class ConnectionList:
    connections: Annotated[list[ConnectionDescription], "Newest first, at most 1000"]
    counts: ConnectionCounts
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request."""

    actor: str
    role: Annotated[str, ROLES]
    via: Annotated[str, WAYS_IN]
    session_expires_at: Annotated[datetime | None, "Null unless `via` is `session`"]
    timestamp: datetime
