"""The open WebSockets as `GET /api/access/connections` lists them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.utils import timezone

from pm2site.access.api.responses import ConnectionCounts, ConnectionDescription, ConnectionList
from pm2site.access.auth import Credential
from pm2site.live.connections import OpenSocket
from system.lib.text import printable

MAX_LISTED = 1000
CLIENT_LENGTH = 100
DASHBOARD = "pm2site-dashboard"  # as `dashboard_client` names itself; anything else that is no browser is a program


def list_connections(open_sockets: Sequence[OpenSocket], caller: Credential, address: str) -> ConnectionList:
    """`address`: the caller's. A caller that may only read gets no addresses."""
    rows = sorted(open_sockets, key=lambda socket: socket.connected_at, reverse=True)
    kinds = Counter(kind_of(socket.user_agent) for socket in rows)
    counts = ConnectionCounts(
        total=len(rows),
        actors=len({socket.credential.actor for socket in rows}),
        browser=kinds["browser"],
        dashboard=kinds["dashboard"],
        program=kinds["program"],
    )
    listed = [_describe(socket, caller, address) for socket in rows[:MAX_LISTED]]
    return ConnectionList(listed, counts, timezone.now())


def _describe(socket: OpenSocket, caller: Credential, address: str) -> ConnectionDescription:
    return ConnectionDescription(
        actor=socket.credential.actor,
        address=socket.address if caller.may_act else None,
        kind=kind_of(socket.user_agent),
        client=printable(socket.user_agent[:CLIENT_LENGTH])[:CLIENT_LENGTH],
        connected_at=socket.connected_at,
        streams=list(socket.streams),
        is_you=socket.credential == caller and socket.address == address,
    )


def kind_of(user_agent: str) -> str:
    """By the User-Agent; that of every browser begins with Mozilla/."""
    if user_agent.startswith("Mozilla/"):
        return "browser"
    return "dashboard" if user_agent.startswith(DASHBOARD) else "program"
