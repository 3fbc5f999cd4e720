"""The host over HTTP."""

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
from rest_framework.serializers import Serializer
from rest_framework.test import APIRequestFactory

from system.api.serializers import CpuSerializer, MemorySerializer, SystemStatsSerializer
from system.api.views import SystemViewSet

STATS = [
    "cpu", "memory", "totalMemory", "uptime", "loadAvg", "timestamp", "cpuPerCore", "cpuCount", "memoryPercent", "swapBytes",
    "swapTotalBytes", "diskPercent", "diskFreeBytes", "networkInBytesPerSecond", "networkOutBytesPerSecond", "uptimeSeconds",
    "loadAverage", "hostname", "platform", "nodeVersion", "pythonVersion",
]  # fmt: skip
CPU = ["cpu", "perCore", "timestamp"]
MEMORY = ["totalMemory", "usedMemory", "availableMemory", "freeMemory", "percent", "timestamp"]


def get(action: str) -> dict[str, Any]:
    view: Callable[[Request], Any] = SystemViewSet.as_view(
        {"get": action}, authentication_classes=[], permission_classes=[AllowAny]
    )
    answer = view(APIRequestFactory().get(f"/api/system/{action}"))
    assert answer.status_code == 200
    return dict(answer.data)


@pytest.mark.parametrize(
    ("action", "keys", "described"),
    [("stats", STATS, SystemStatsSerializer), ("cpu", CPU, CpuSerializer), ("memory", MEMORY, MemorySerializer)],
)
def test_an_answer_has_the_keys_of_the_contract(action: str, keys: list[str], described: type[Serializer[Any]]) -> None:
    answer = get(action)

    assert list(answer) == keys
    assert list(described().fields) == keys
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer["timestamp"])


def test_the_stats_of_this_host() -> None:
    answer = get("stats")

    assert type(answer["cpu"]) is float
    assert 0 <= answer["cpu"] <= 100
    assert len(answer["cpuPerCore"]) == answer["cpuCount"] == psutil.cpu_count()
    assert answer["totalMemory"] == round(psutil.virtual_memory().total / 2**20, 1)
    assert re.fullmatch(r"(\d+d )?(\d+h )?\d+m", answer["uptime"])
    assert abs(answer["uptimeSeconds"] - (time.time() - psutil.boot_time())) < 60
    assert answer["loadAvg"] == " ".join(f"{load:.2f}" for load in answer["loadAverage"])
    assert answer["pythonVersion"] == platform.python_version()
    assert re.fullmatch(r"\d+\.\d+\.\d+", answer["nodeVersion"])


def test_the_memory_of_this_host() -> None:
    answer = get("memory")

    assert answer["totalMemory"] > answer["availableMemory"] > 0
    assert answer["percent"] == pytest.approx(100 * (1 - answer["availableMemory"] / answer["totalMemory"]), abs=0.1)
