"""autocannon 7 to 9: builds its command line and parses its JSON. [pure]"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from benchmarks.analysis.measurement import Measurement, supported_percentiles
from benchmarks.errors import UnreadableOutput
from benchmarks.generators import figures as read
from benchmarks.generators.scenario import Scenario

RESOLUTION_US = 1000  # its histogram counts whole milliseconds, truncated: 0 means below 1 ms
# It reports no p95, and p97.5 is no substitute.
PERCENTILES = {"50": "p50", "90": "p90", "99": "p99", "99.9": "p99_9"}


def argv(scenario: Scenario, program: Sequence[str], input_file: str) -> list[str]:
    """`program`: node, run_autocannon.cjs and autocannon.js. `input_file` holds `input_content(scenario)`."""
    workers = min(scenario.workers, scenario.connections)
    return [
        *program, input_file, "--json", "--no-progress", f"--connections={scenario.connections}",
        f"--duration={scenario.duration_s}", f"--pipelining={scenario.pipelining}",
        f"--timeout={round(scenario.timeout_s)}", f"--method={scenario.method}",
        *([f"--workers={workers}"] if workers > 1 else []),
        scenario.url,
    ]  # fmt: skip


def input_content(scenario: Scenario) -> bytes | None:
    """Headers, body and name, in a file: arguments are visible to every user of the machine, "123" would become a
    number there, and 128 KiB would be the limit."""
    return json.dumps({
        "headers": dict(scenario.headers), "body": base64.b64encode(scenario.body).decode(),
        "isText": _is_text(scenario.body), "servername": scenario.server_name or None,
    }).encode()  # fmt: skip


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def parse(stdout: str, expected_class: int = 2) -> Measurement:
    """Parses the last JSON line: with its own warm-up, autocannon prints two. Raises UnreadableOutput."""
    for line in reversed(stdout.splitlines()):
        try:
            result = read.parse_json(line)
        except ValueError:
            continue
        if isinstance(result, dict) and "latency" in result:
            try:
                return read.check(_measurement(result, expected_class))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise UnreadableOutput("autocannon", f"a figure is missing or invalid ({error}).") from error
    raise UnreadableOutput("autocannon", "it contains no JSON result.")


def _measurement(result: dict[str, Any], expected_class: int) -> Measurement:
    latency, responses = result["latency"], read.count(result["requests"]["total"])
    successes, non_2xx = read.count(result["2xx"]), read.count(result["non2xx"])
    if expected_class != 2:
        expected = read.count(result[f"{expected_class}xx"])
        successes, non_2xx = expected, successes + max(0, non_2xx - expected)
    workers = read.count(result.get("workers") or 0)
    connections = read.count(result["connections"])
    return Measurement(
        duration_s=read.number(result["duration"]),
        responses=responses,
        successes=successes,
        errors=read.count(result["errors"]),
        timeouts=read.count(result["timeouts"]),
        non_2xx=non_2xx,
        bytes_read=read.count(result["throughput"]["total"]),
        mean_ms=read.number(latency["average"]) if responses else None,
        max_ms=read.number(latency["max"]) if responses else None,
        percentiles_ms={
            key: read.number(latency[PERCENTILES[key]]) for key in supported_percentiles(PERCENTILES, responses)
        },
        latencies_us=(),
        connections_used=max(1, connections // workers) * workers if workers else connections,
        resolution_us=RESOLUTION_US,
    )
