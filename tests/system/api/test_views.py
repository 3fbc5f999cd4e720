"""`/api/system` against the real host."""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from system.api.views import SystemViewSet
from system.host.metrics import CpuStats, HostStats, MemoryStats
from system.lib.wire_serializers import response_schema

STATS = [
    "cpu", "memory", "totalMemory", "uptime", "loadAvg", "timestamp", "cpuPerCore", "cpuCount", "memoryPercent", "swapBytes",
    "swapTotalBytes", "diskPercent", "diskFreeBytes", "networkInBytesPerSecond", "networkOutBytesPerSecond", "uptimeSeconds",
    "loadAverage", "hostname", "platform", "nodeVersion", "pythonVersion",
    "unreadable",
]  # fmt: skip
CPU = ["cpu", "perCore", "timestamp", "unreadable"]
MEMORY = ["totalMemory", "usedMemory", "availableMemory", "freeMemory", "percent", "timestamp", "unreadable"]


def get(action: str) -> dict[str, Any]:
    view: Callable[[Request], Any] = SystemViewSet.as_view(
        {"get": action}, authentication_classes=[], permission_classes=[AllowAny]
    )
    response = view(APIRequestFactory().get(f"/api/system/{action}"))
    assert response.status_code == 200
    return dict(response.data)


@pytest.mark.parametrize(
    ("action", "keys", "value"),
    [("stats", STATS, HostStats), ("cpu", CPU, CpuStats), ("memory", MEMORY, MemoryStats)],
)
def test_a_response_has_the_documented_keys(action: str, keys: list[str], value: type) -> None:
    response = get(action)

    assert list(response) == keys
    assert list(response_schema(value).fields) == keys
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", response["timestamp"])


def test_the_stats_of_this_host() -> None:
    response = get("stats")

    assert type(response["cpu"]) is float
    assert 0 <= response["cpu"] <= 100
    assert len(response["cpuPerCore"]) == response["cpuCount"] == psutil.cpu_count()
    assert response["totalMemory"] == round(psutil.virtual_memory().total / 2**20, 1)
    assert re.fullmatch(r"(\d+d )?(\d+h )?\d+m", response["uptime"])
    assert abs(response["uptimeSeconds"] - (time.time() - psutil.boot_time())) < 60
    assert response["loadAvg"] == " ".join(f"{load:.2f}" for load in response["loadAverage"])
    assert response["pythonVersion"] == platform.python_version()
    assert re.fullmatch(r"\d+\.\d+\.\d+", response["nodeVersion"])


def test_the_memory_of_this_host() -> None:
    response = get("memory")

    assert response["totalMemory"] > response["availableMemory"] > 0
    assert response["percent"] == pytest.approx(
        100 * (1 - response["availableMemory"] / response["totalMemory"]), abs=0.1
    )
