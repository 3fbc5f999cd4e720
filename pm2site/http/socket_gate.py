"""Every WebSocket handshake: the same checks as for HTTP, before any consumer."""

from __future__ import annotations

from pm2site.access.request_head import head_of_scope
from pm2site.http.request_checks import check_head
from pm2site.http.visit import SCOPE_KEY, new_visit
from pm2site.transport.asgi_types import Application, Receive, Scope, Send


class SocketGate:
    """Wraps the consumers, which never see a refused handshake. The scope gets the `Visit`, not yet identified."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = new_visit(head_of_scope(scope))
        if check_head(visit.head) is None:
            await self.application({**scope, SCOPE_KEY: visit}, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close"})  # before accept: the response is 403
