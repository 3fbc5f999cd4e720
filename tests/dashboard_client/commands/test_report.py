"""Results as text: the figures of `formatting`, with exact rates."""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.commands import report
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkResults
from dashboard_client.wire.decode import convert
from dashboard_client.wire.host_and_pm2 import HostStats, Pm2Stats, Process

RESULT = convert(
    BenchmarkResult,
    {
        "id": "a", "framework": "fastify", "endpoint": "/simple", "method": "GET", "reqPerSec": 184700.4,
        "reqPerSecLow": 183592.2, "reqPerSecHigh": 185808.6, "p50Latency": 1.2, "p99Latency": 2.1, "connections": 100,
        "totalReqs": 1847000, "generator": "wrk", "validity": "valid", "saturation": "contended",
    },
)  # fmt: skip
SINGLE = replace(RESULT, req_per_sec_low=None, req_per_sec_high=None, saturation="")


def test_a_result_is_a_sentence() -> None:
    assert [report.result_sentence(result) for result in (RESULT, SINGLE)] == [
        "fastify GET /simple: ≥ 184,700 requests/s ±0.6 %, p99 2.10 ms, 1,847,000 requests by wrk, valid",
        "fastify GET /simple: 184,700 requests/s, p99 2.10 ms, 1,847,000 requests by wrk, valid",
    ]


def test_processes_are_a_table_with_all_their_ports() -> None:
    api = Process(
        0, "api", pid=12, status="online", exec_mode="fork_mode", cpu=1.5, memory=60.0, uptime_seconds=60.0,
        port=3000, ports=(3000, 9229),
    )  # fmt: skip

    assert report.processes(Pm2Stats((api, Process(1, "jobs", status="stopped")))) == [
        "id  pid  name  mode  status     cpu  memory     up  restarts       ports",
        " 0   12  api   fork  online   1.5 %   60 MB   60 s         0  3000, 9229",
        " 1    –  jobs        stopped  0.0 %    0 MB  0.0 s         0           –",
    ]


def test_a_budget_has_a_line_for_each_expectation() -> None:
    items = [
        {"text": "p99<50ms", "met": "met", "message": "p99 2.1 ms."},
        {"text": "max<1s", "met": "not_shown", "message": "max 9 ms."},
    ]
    judged = convert(
        BenchmarkResult, {"framework": "a", "reqPerSec": 1, "budget": {"met": "not_shown", "items": items}}
    )

    assert report.budget(judged) == [
        "budget not shown", "  met: p99<50ms: p99 2.1 ms.", "  not shown: max<1s: max 9 ms.",
    ]  # fmt: skip
    assert report.budget(RESULT) == []


def test_results_are_an_aligned_table() -> None:
    assert report.results(BenchmarkResults((RESULT, SINGLE))) == [
        "at  framework  endpoint     requests/s  spread      p50      p99  connections  validity",
        "–   fastify    GET /simple   ≥ 184,700  ±0.6 %  1.20 ms  2.10 ms          100  valid",
        "–   fastify    GET /simple     184,700       –  1.20 ms  2.10 ms          100  valid",
    ]


def test_a_figure_that_is_unreadable_is_a_dash_with_its_reason() -> None:
    stats = {
        "cpu": None, "memory": 5000, "totalMemory": 15872, "uptime": "1h", "loadAvg": None, "cpuCount": 2,
        "memoryPercent": 31.5, "diskPercent": None, "hostname": "h",
        "unreadable": {"cpu": "/proc/stat: Permission denied"},
    }  # fmt: skip

    assert report.host(convert(HostStats, stats)) == [
        "CPU – of 2 cores, load –", "Memory 5,000 of 15,872 MB, 32 %", "h, up 1h",
        "cpu is not readable: /proc/stat: Permission denied",
    ]  # fmt: skip
