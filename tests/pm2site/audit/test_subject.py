"""The target of an entry is what the view acted upon, whatever else the body has."""

from __future__ import annotations

import pytest
from django.test import Client

from pm2site.models import Activity

pytestmark = pytest.mark.django_db
RUN = "6f1c0b0e-6f0e-4d59-9b1c-6d2d1f6f5a01"


@pytest.mark.parametrize(("path", "body", "target"), [
    ("/api/benchmark/add", {"framework": "go", "reqPerSec": 5, "port": 7001}, "go"),
    ("/api/benchmark/add", {"framework": ["go"], "reqPerSec": 5}, ""),
    ("/api/benchmark/reload", {"name": "web"}, ""),
    (f"/api/benchmark/runs/{RUN}/cancel", {"framework": "node"}, RUN),
    ("/api/pm2/stop", {"pmId": 7}, "7"),
    ("/api/pm2/stop", {"process": "web"}, "web"),
    ("/api/redis/failover", {"port": 7001, "framework": "node"}, "7001"),
    ("/api/nothing", {"name": "web"}, ""),
])  # fmt: skip
def test_an_entry_names_what_the_view_acted_upon(client: Client, path: str, body: object, target: str) -> None:
    client.post(path, body, content_type="application/json", headers={"Host": "localhost"})

    assert Activity.objects.values_list("target", flat=True).get() == target
