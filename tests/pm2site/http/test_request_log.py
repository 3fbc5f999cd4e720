from __future__ import annotations

import time

import pytest
from django.test import RequestFactory
from structlog.testing import capture_logs

from pm2site.access.request_head import head_of_request
from pm2site.http.request_log import RequestLog
from pm2site.http.visit import new_visit


@pytest.mark.parametrize("path", ["/metrics", "/metrics/redis?target=7000", "/metrics/targets"])
async def test_scrapes_are_logged_once_a_minute_and_refused_ones_at_once(path: str) -> None:
    visit = new_visit(head_of_request(RequestFactory().get(path)))
    log = RequestLog()
    with capture_logs() as lines:
        for status in (200, 200, 404, 401):
            log.write(visit, status, time.monotonic(), is_hot=False)
        log.flush()

    assert [(line["event"], line.get("status"), line.get("reads")) for line in lines] == [
        ("request", 404, None), ("request", 401, None), ("polled", None, 2),
    ]  # fmt: skip
