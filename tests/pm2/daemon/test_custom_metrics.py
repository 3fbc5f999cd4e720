from __future__ import annotations

import json

import pytest

from pm2.daemon.custom_metrics import parse_custom_metrics
from pm2.daemon.process import from_monitor_data
from system.lib.wire import encode_wire


def test_numbers_are_kept_by_name_whether_pm2_has_them_as_text_or_not() -> None:
    monitor = {
        "Used Heap Size": {"value": "11.97", "type": "internal/v8/heap/used", "unit": "MiB", "historic": True},
        "Active handles": {"value": 3, "unit": ""},
        "HTTP": {"value": "1e3"},
        "Latency": {"value": " -0.5 ms "},
        "share": {"value": "7%"},
        "bare": 2,
        "Event Loop Latency": {"value": "0.41", "unit": "ms"},
    }

    assert parse_custom_metrics(monitor) == {
        "Event Loop Latency": 0.41, "Used Heap Size": 11.97, "Active handles": 3.0, "HTTP": 1000.0, "Latency": -0.5,
        "share": 7.0, "bare": 2.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "value",
    ["", "on", "3 of 5", "1.2.3", "NaN", "1e999", "9" * 41, "0x10", "٣", True, None, [], {}, 10**400, float("nan")],
)
def test_what_is_no_number_is_left_out(value: object) -> None:
    assert parse_custom_metrics({"metric": {"value": value}, "bare": value, "other": 1}) == {"other": 1.0}


@pytest.mark.parametrize("monitor", [None, [], "text", 5, {}, {5: 1}])
def test_a_malformed_monitor_has_no_metrics(monitor: object) -> None:
    assert parse_custom_metrics(monitor) == {}


def test_metrics_are_bounded_and_the_latencies_of_the_event_loop_come_first() -> None:
    monitor = {**{f"{number}{'n' * 300}": number for number in range(50)}, "Event Loop Latency p95": 2.5, "\ud800": 1}

    metrics = parse_custom_metrics(monitor)

    assert list(metrics)[:2] == ["Event Loop Latency p95", f"0{'n' * 99}"]
    assert len(metrics) == 20
    assert parse_custom_metrics({"\ud800": 1}) == {"?": 1.0}


def test_they_are_not_sent() -> None:
    process = from_monitor_data({"pm2_env": {"axm_monitor": {"HTTP": 5}}}, 0)

    assert process.custom_metrics == {"HTTP": 5.0}
    assert "customMetrics" not in json.loads(encode_wire(process))
    assert hash(process) == hash(from_monitor_data({"pm2_env": {}}, 0))
