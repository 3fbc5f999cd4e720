"""autocannon 7 to 9: builds its command line and parses its JSON. [pure]"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.analysis.measurement import Measurement, supported_percentiles
from benchmarks.errors import UnreadableOutput
from benchmarks.generators.scenario import Scenario

RESOLUTION_US = 1000  # its histogram counts whole milliseconds, truncated: 0 means below 1 ms
# It reports no p95, and p97.5 is no substitute.
PERCENTILES = {"50": "p50", "90": "p90", "99": "p99", "99.9": "p99_9"}


def argv(scenario: Scenario, program: Sequence[str], input_file: str) -> list[str]:
    """`program`: node and autocannon.js. `input_file` holds `script(scenario)`."""
    headers = [f"--headers={name}={value}" for name, value in scenario.headers]
    workers = min(scenario.workers, scenario.connections)
    return [
        *program, "--json", "--no-progress", f"--connections={scenario.connections}",
        f"--duration={scenario.duration_s}", f"--pipelining={scenario.pipelining}",
        f"--timeout={round(scenario.timeout_s)}", f"--method={scenario.method}",
        *([f"--workers={workers}"] if workers > 1 else []),
        *([f"--input={input_file}"] if scenario.body else []),
        *headers, scenario.url,
    ]  # fmt: skip


def input_text(scenario: Scenario) -> str | None:
    """The body, passed in a file: as an argument, "123" would become a number, and 128 KiB would be the limit."""
    return scenario.body or None


def parse(stdout: str) -> Measurement:
    """Parses the last JSON line: with its own warm-up, autocannon prints two. Raises UnreadableOutput."""
    for line in reversed(stdout.splitlines()):
        try:
            result = json.loads(line)
        except ValueError:
            continue
        if isinstance(result, dict) and "latency" in result:
            try:
                return _measurement(result)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise UnreadableOutput("autocannon", f"a figure is missing or invalid ({error}).") from error
    raise UnreadableOutput("autocannon", "it contains no JSON result.")


def _measurement(result: dict[str, Any]) -> Measurement:
    latency, responses = result["latency"], int(result["requests"]["total"])
    workers = int(result.get("workers") or 0)
    connections = int(result["connections"])
    return Measurement(
        duration_s=float(result["duration"]),
        responses=responses,
        successes=int(result["2xx"]),
        errors=int(result["errors"]),
        timeouts=int(result["timeouts"]),
        non_2xx=int(result["non2xx"]),
        bytes_read=int(result["throughput"]["total"]),
        mean_ms=float(latency["average"]) if responses else None,
        max_ms=float(latency["max"]) if responses else None,
        percentiles_ms={key: float(latency[PERCENTILES[key]]) for key in supported_percentiles(PERCENTILES, responses)},
        latencies_us=(),
        connections_used=max(1, connections // workers) * workers if workers else connections,
        resolution_us=RESOLUTION_US,
    )
