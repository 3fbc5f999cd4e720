"""autocannon 7 to 9: its argument list and its JSON. [pure]"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.analysis.measurement import Measurement, enough_for
from benchmarks.errors import UnreadableOutput
from benchmarks.generators.scenario import Scenario

RESOLUTION_US = 1000  # its histogram counts whole milliseconds, cut off: 0 stands for anything below 1
# There is no p95, and p97.5 is another thing.
PERCENTILES = {"50": "p50", "90": "p90", "99": "p99", "99.9": "p99_9"}


def argv(scenario: Scenario, program: Sequence[str], script_file: str) -> list[str]:
    """`program`: node and autocannon.js; `script_file` holds `script(scenario)`."""
    headers = [f"--headers={name}={value}" for name, value in scenario.headers]
    workers = min(scenario.workers, scenario.connections)
    return [
        *program, "--json", "--no-progress", f"--connections={scenario.connections}",
        f"--duration={scenario.duration_s}", f"--pipelining={scenario.pipelining}",
        f"--timeout={round(scenario.timeout_s)}", f"--method={scenario.method}",
        *([f"--workers={workers}"] if workers > 1 else []),
        *([f"--input={script_file}"] if scenario.body else []),
        *headers, scenario.url,
    ]  # fmt: skip


def script(scenario: Scenario) -> str | None:
    """The body, in a file: as an argument "123" would become a number, and 128 KiB would be the limit."""
    return scenario.body or None


def parse(stdout: str) -> Measurement:
    """Raises UnreadableOutput. With a warm-up of its own it prints two lines; the last is the result."""
    for line in reversed(stdout.splitlines()):
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and "latency" in told:
            try:
                return _measurement(told)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise UnreadableOutput("autocannon", f"a figure is missing or odd ({error}).") from error
    raise UnreadableOutput("autocannon", "no line of it is a JSON result.")


def _measurement(told: dict[str, Any]) -> Measurement:
    latency, responses = told["latency"], int(told["requests"]["total"])
    workers = int(told.get("workers") or 0)
    connections = int(told["connections"])
    return Measurement(
        duration_s=float(told["duration"]),
        responses=responses,
        successes=int(told["2xx"]),
        errors=int(told["errors"]),
        timeouts=int(told["timeouts"]),
        non_2xx=int(told["non2xx"]),
        bytes_read=int(told["throughput"]["total"]),
        mean_ms=float(latency["average"]) if responses else None,
        max_ms=float(latency["max"]) if responses else None,
        percentiles_ms={key: float(latency[PERCENTILES[key]]) for key in enough_for(PERCENTILES, responses)},
        latencies_us=(),
        connections_used=max(1, connections // workers) * workers if workers else connections,
        resolution_us=RESOLUTION_US,
    )
