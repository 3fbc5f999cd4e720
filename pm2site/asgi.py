"""ASGI entry point: the streams in one dict, and the order of the wrappers around Django and the consumers."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pm2site.settings")
django_application = get_asgi_application()  # before the imports below: they need the apps loaded

from benchmarks.api.history_views import latest_results  # noqa: E402
from benchmarks.runs import progress  # noqa: E402
from monitoring.sampling import taps  # noqa: E402
from pm2.exits import pm2_events  # noqa: E402
from pm2.logs import live_logs  # noqa: E402
from pm2site import lifetime  # noqa: E402
from pm2site.audit import trail  # noqa: E402
from pm2site.http.django_bridge import run_query  # noqa: E402
from pm2site.http.gateway import Gateway  # noqa: E402
from pm2site.http.request_checks import check_raw_head, refusal_headers  # noqa: E402
from pm2site.http.socket_gate import SocketGate  # noqa: E402
from pm2site.live import steady_sampling  # noqa: E402
from pm2site.live.consumers import LiveConsumer, UnknownPathConsumer  # noqa: E402
from pm2site.live.hot_reads import hot_reads  # noqa: E402
from pm2site.live.hub import Sample, Source  # noqa: E402
from pm2site.transport import daphne_limits  # noqa: E402
from pm2site.transport.asgi_types import Receive, Scope, Send  # noqa: E402
from pm2site.transport.connection_probe import ConnectionProbe  # noqa: E402
from system.host import host_sampler  # noqa: E402

STREAMS: dict[str, Source] = {
    "system:metrics": taps.host.sample,
    "pm2:stats": taps.pm2.sample,
    "redis:stats": taps.redis.sample,
    "benchmark:progress": progress.sample,
    "pm2:logs": live_logs.feed,
    "pm2:events": pm2_events.feed,
    "activity": trail.feed,
}

# Read from the newest sample: path → stream, or path → sample.
HOT_STREAMS = {
    "/api/system/stats": "system:metrics",
    "/api/pm2/stats": "pm2:stats",
    "/api/redis/stats": "redis:stats",
}
HOT_SAMPLES: dict[str, Sample] = {
    "/api/system/cpu": host_sampler.sample_cpu,
    "/api/system/memory": host_sampler.sample_memory,
    "/api/benchmark/latest": lambda: run_query(latest_results),
}
EXACT_READS = frozenset({"/api/benchmark/latest"})  # a run's own process may have just written its result

sockets = URLRouter(
    [
        re_path(r"^ws/?$", LiveConsumer.as_asgi(streams=STREAMS)),
        re_path(r"", UnknownPathConsumer.as_asgi()),
    ]
)
gateway = Gateway(hot_reads(STREAMS, HOT_STREAMS, HOT_SAMPLES, EXACT_READS))
routes = ConnectionProbe(ProtocolTypeRouter({"http": gateway, "websocket": SocketGate(sockets)}))
lifetime.finish_requests_by(gateway.stop)
lifetime.sample_by(lambda: steady_sampling.keep_sampling(STREAMS))
daphne_limits.install(check_raw_head, refusal_headers, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application. Each request ensures that the background tasks of `lifetime` run on its event loop."""
    lifetime.start()
    await routes(scope, receive, send)
