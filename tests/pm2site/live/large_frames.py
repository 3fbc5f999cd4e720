"""An ASGI application for `daphne`: the real consumer, one stream of large frames, a short read timeout."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pm2site.settings")
http = get_asgi_application()

from pm2site.http.socket_gate import SocketGate  # noqa: E402
from pm2site.live.consumers import LiveConsumer  # noqa: E402
from pm2site.transport.connection_probe import ConnectionProbe  # noqa: E402


async def sample() -> str:
    return "x" * 500_000


socket = LiveConsumer.as_asgi(streams={"large": sample}, read_timeout_s=1.0)
application = ProtocolTypeRouter({"http": http, "websocket": ConnectionProbe(SocketGate(socket))})
