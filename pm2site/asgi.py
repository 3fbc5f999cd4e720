"""ASGI entry point: the streams in one dict, and the order of the wrappers around Django and the consumers."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pm2site.settings")
django_application = get_asgi_application()  # before the imports below: they need the apps loaded

from benchmarks.runs import progress  # noqa: E402
from pm2.exits import pm2_events  # noqa: E402
from pm2.logs import live_logs  # noqa: E402
from pm2.monitor import current_monitor  # noqa: E402
from pm2site import lifetime  # noqa: E402
from pm2site.audit import trail  # noqa: E402
from pm2site.http.request_checks import Receive, RequestChecks, Scope, Send  # noqa: E402
from pm2site.live.consumers import LiveConsumer, UnknownPathConsumer  # noqa: E402
from pm2site.transport.backpressure import WriteBufferProbe  # noqa: E402
from rediscluster.status import cluster_sampler  # noqa: E402
from system.host import host_sampler  # noqa: E402

STREAMS = {
    "system:metrics": host_sampler.sample,
    "pm2:stats": current_monitor.sample,
    "redis:stats": cluster_sampler.sample,
    "benchmark:progress": progress.sample,
    "pm2:logs": live_logs.feed,
    "pm2:events": pm2_events.feed,
    "activity": trail.feed,
}

sockets = URLRouter(
    [
        re_path(r"^ws/?$", LiveConsumer.as_asgi(streams=STREAMS)),
        re_path(r"", UnknownPathConsumer.as_asgi()),
    ]
)
routes = ProtocolTypeRouter(
    {"http": RequestChecks(django_application), "websocket": WriteBufferProbe(RequestChecks(sockets))}
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application. Each request ensures that the background tasks of `lifetime` run on its event loop."""
    lifetime.start()
    await routes(scope, receive, send)
