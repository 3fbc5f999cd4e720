"""h2load 1.52 (nghttp2) over HTTP/1.1: its argument list and its report. The one that paces requests. [pure]"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from benchmarks.analysis.measurement import Latencies, Measurement, mean_us, percentiles_of
from benchmarks.errors import UnreadableOutput
from benchmarks.generators.scenario import Scenario

_UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_FINISHED = re.compile(r"^finished in ([\d.]+)(us|ms|s|m|h), ", re.MULTILINE)
_REQUESTS = re.compile(
    r"^requests: (\d+) total, (\d+) started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout",
    re.MULTILINE,
)
_CODES = re.compile(r"^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", re.MULTILINE)
_TRAFFIC = re.compile(r"^traffic: \S+ \((\d+)\) total", re.MULTILINE)
_TIMES = re.compile(r"^time for request: +([\d.]+)(us|ms|s) +([\d.]+)(us|ms|s) +([\d.]+)(us|ms|s)", re.MULTILINE)
_CLIENTS = re.compile(r"^spawning thread #\d+: (\d+) total client", re.MULTILINE)
_LOGGED = re.compile(r"^\d+\t(-?\d+)\t(\d+)", re.MULTILINE)  # start, status (-1: failed), µs until the end


def argv(scenario: Scenario, program: Sequence[str], script_file: str) -> list[str]:
    """`script_file` holds the body, when there is one. At a fixed rate the log of requests lies beside it."""
    rate = scenario.rate_per_second
    return [
        *program, "--h1", f"--threads={min(scenario.workers, scenario.connections)}",
        f"--clients={scenario.connections}", f"--duration={scenario.duration_s}",
        f"--max-concurrent-streams={scenario.pipelining}",
        f"--connection-inactivity-timeout={round(scenario.timeout_s)}",
        *([f"--rps={rate / scenario.connections:.6f}", f"--log-file={script_file}.log"] if rate else []),
        *([f"--data={script_file}"] if scenario.body else []),
        *([] if scenario.method == "GET" else [f"--header=:method: {scenario.method}"]),
        *(f"--header={_name(name)}: {value}" for name, value in scenario.headers), scenario.url,
    ]  # fmt: skip


def _name(name: str) -> str:
    """The Host header is HTTP/2's :authority here; under its own name there would be two of them."""
    return ":authority" if name.lower() == "host" else name


def script(scenario: Scenario) -> str | None:
    return scenario.body or None


def parse(stdout: str) -> Measurement:
    """Raises UnreadableOutput. The report has no percentiles. Rows of the log of requests may follow the report."""
    finished, requests, codes = (rule.search(stdout) for rule in (_FINISHED, _REQUESTS, _CODES))
    if not finished or not requests or not codes:
        raise UnreadableOutput("h2load", "its report is missing or broken off.")
    done, errored, timeouts = (int(requests[index]) for index in (3, 6, 7))
    successes, *others = (int(code) for code in codes.groups())
    traffic, times = _TRAFFIC.search(stdout), _TIMES.search(stdout)
    logged = _latencies(stdout)
    mean = mean_us(logged)
    return Measurement(
        duration_s=float(finished[1]) * _UNITS_S[finished[2]],
        responses=done,
        successes=successes,
        errors=errored,
        timeouts=timeouts,
        non_2xx=sum(others),
        bytes_read=int(traffic[1]) if traffic else 0,
        mean_ms=mean / 1000 if mean is not None else _ms(times, 5) if done else None,
        max_ms=_ms(times, 3) if done else None,
        percentiles_ms=percentiles_of(logged),
        latencies_us=logged,
        connections_used=sum(int(clients) for clients in _CLIENTS.findall(stdout)),
    )


def _ms(times: re.Match[str] | None, group: int) -> float | None:
    return float(times[group]) * _UNITS_S[times[group + 1]] * 1000 if times else None


def _latencies(text: str) -> Latencies:
    found = Counter(int(latency) for status, latency in _LOGGED.findall(text) if int(status) > 0)
    return tuple(sorted(found.items()))
