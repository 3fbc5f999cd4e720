"""h2load 1.52 (nghttp2): builds its command line, parses its report. Speaks HTTP/2, supports a fixed rate. [pure]"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from benchmarks.analysis.measurement import Latencies, Measurement, mean_us, percentiles_in_ms
from benchmarks.errors import UnreadableOutput
from benchmarks.generators import figures as read
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
_LOGGED = re.compile(r"^\d+\t(-?\d+)\t(\d+)", re.MULTILINE)  # start, status (-1: failed), duration in µs


def argv(scenario: Scenario, program: Sequence[str], input_file: str) -> list[str]:
    """`input_file` holds the body, if any. At a fixed rate, the request log is written to `input_file`.log."""
    rate = scenario.rate_per_second
    return [
        *program, *_connection_options(scenario), f"--threads={min(scenario.workers, scenario.connections)}",
        f"--clients={scenario.connections}", f"--duration={scenario.duration_s}",
        f"--max-concurrent-streams={scenario.pipelining}",
        f"--connection-inactivity-timeout={round(scenario.timeout_s)}",
        *([f"--rps={rate / scenario.connections:.6f}", f"--log-file={input_file}.log"] if rate else []),
        *([f"--data={input_file}"] if scenario.body else []),
        # With a body, it would send POST instead of GET.
        *([f"--header=:method: {scenario.method}"] if scenario.method != "GET" or scenario.body else []),
        *(f"--header={_header_name(name)}: {value}" for name, value in scenario.headers),
        scenario.named_url,
    ]  # fmt: skip


def _connection_options(scenario: Scenario) -> list[str]:
    """The protocol, by ALPN or without TLS by prior knowledge, and the address that the name in the URL stands for."""
    options = ["--h1"]
    if scenario.protocol == "h2":
        options = ["--npn-list=h2"] if scenario.is_encrypted else ["--no-tls-proto=h2c"]
    address, port = scenario.host_and_port
    bracketed = f"[{address}]" if ":" in address else address
    return [*options, *([f"--connect-to={bracketed}:{port}"] if scenario.server_name else [])]


def _header_name(name: str) -> str:
    """h2load sets Host from HTTP/2's :authority; a header named Host would be sent in addition."""
    return ":authority" if name.lower() == "host" else name


def input_content(scenario: Scenario) -> bytes | None:
    """The content of the input file: for h2load, the body of the request."""
    return scenario.body or None


def parse(stdout: str, expected_class: int = 2) -> Measurement:
    """Parses the report, which has no percentiles, and the lines of the request log that may follow it.

    Raises UnreadableOutput.
    """
    try:
        return read.check(_measurement(stdout, expected_class))
    except (ValueError, OverflowError) as error:
        raise UnreadableOutput("h2load", f"a figure of its report is damaged ({error}).") from error


def _measurement(stdout: str, expected_class: int) -> Measurement:
    """Raises UnreadableOutput, ValueError."""
    finished, requests, codes = (pattern.search(stdout) for pattern in (_FINISHED, _REQUESTS, _CODES))
    if not finished or not requests or not codes:
        raise UnreadableOutput("h2load", "its report is missing or incomplete.")
    done, errored, timeouts = (int(requests[index]) for index in (3, 6, 7))
    by_class = dict(enumerate(map(int, codes.groups()), 2))
    # It counts a status line whose response never ended.
    successes = min(by_class.pop(expected_class, 0), done)
    traffic, times = _TRAFFIC.search(stdout), _TIMES.search(stdout)
    latencies = _logged_latencies(stdout)
    mean = mean_us(latencies)
    return Measurement(
        duration_s=float(finished[1]) * _UNITS_S[finished[2]],
        responses=done,
        successes=successes,
        errors=errored,
        timeouts=timeouts,
        non_2xx=sum(by_class.values()),
        bytes_read=int(traffic[1]) if traffic else 0,
        mean_ms=mean / 1000 if mean is not None else _duration_ms(times, 5) if done else None,
        max_ms=_duration_ms(times, 3) if done else None,
        percentiles_ms=percentiles_in_ms(latencies),
        latencies_us=latencies,
        connections_used=sum(int(clients) for clients in _CLIENTS.findall(stdout)),
    )


def _duration_ms(times: re.Match[str] | None, group: int) -> float | None:
    return float(times[group]) * _UNITS_S[times[group + 1]] * 1000 if times else None


def _logged_latencies(text: str) -> Latencies:
    counts = Counter(int(latency) for status, latency in _LOGGED.findall(text) if int(status) > 0)
    return tuple(sorted(counts.items()))
