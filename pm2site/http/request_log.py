"""The log line of each request. Successful reads that dashboards poll are counted, and logged once a minute."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import structlog

from pm2site.http.visit import Visit

log = structlog.get_logger("pm2site.http")

UNLOGGED_PATHS = ("/static/", "/health")
POLLED_PATHS = ("/metrics", "/metrics/redis", "/metrics/targets")  # by Prometheus, every few seconds
SUMMARY_S = 60.0


class RequestLog:
    """Call `write` at the end of each request."""

    def __init__(self) -> None:
        self._polled: Counter[str] = Counter()
        self._since_s = 0.0

    def write(self, visit: Visit, status: int, started_s: float, *, is_hot: bool) -> None:
        """`started_s`: a monotonic time; `is_hot`: the newest sample was the response."""
        if visit.path.startswith(UNLOGGED_PATHS) and status < 400:
            return
        if (is_hot or visit.path in POLLED_PATHS) and status < 400:
            self._count(visit.path)
            return
        log.info(
            "request",
            method=visit.head.method,
            path=visit.head.path,  # without the query, which could contain a secret
            status=int(status),
            ms=round(1000 * (time.monotonic() - started_s), 1),
            actor=visit.actor,
            address=visit.head.address,
            request_id=visit.request_id,
        )

    def _count(self, path: str) -> None:
        if not self._polled:
            self._since_s = time.monotonic()
            asyncio.get_running_loop().call_later(SUMMARY_S, self.flush)
        self._polled[path] += 1

    def flush(self) -> None:
        """Logs the counted reads."""
        if self._polled:
            seconds = round(time.monotonic() - self._since_s)
            log.info("polled", seconds=seconds, reads=sum(self._polled.values()), paths=dict(self._polled))
            self._polled.clear()
