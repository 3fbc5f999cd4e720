"""wrk 4: its argument list, its script, its report. [pure]"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.analysis.measurement import PERCENTS, Latencies, Measurement, enough_for, mean_us, percentiles_of
from benchmarks.errors import UnreadableOutput
from benchmarks.generators.scenario import Scenario

MARK = "@@RUN1@@"
CORRECTED = "The percentiles are wrk's own, which it corrects for coordinated omission."
BATCHES = "wrk times a batch of pipelined requests as one."


def argv(scenario: Scenario, program: Sequence[str], script_file: str) -> list[str]:
    """`script_file` holds `script(scenario)` followed by wrk_done.lua."""
    threads = min(scenario.workers, scenario.connections)
    headers = [part for name, value in scenario.headers for part in ("-H", f"{name}: {value}")]
    return [
        *program, "--threads", str(threads), "--connections", str(scenario.connections),
        "--duration", f"{scenario.duration_s}s", "--timeout", f"{round(scenario.timeout_s)}s",
        "--latency", "--script", script_file, *headers, scenario.url,
    ]  # fmt: skip


def script(scenario: Scenario) -> str | None:
    """The lines before wrk_done.lua: what the command line cannot say."""
    threads = min(scenario.workers, scenario.connections)
    lines = [
        f"CONNECTIONS = {scenario.connections}",
        f"CONNECTIONS_USED = {scenario.connections // threads * threads}",
        f"PIPELINING = {scenario.pipelining}",
    ]
    if scenario.method != "GET":
        lines.append(f"wrk.method = {_quoted(scenario.method)}")
    if scenario.body:
        lines.append(f"wrk.body = {_quoted(scenario.body)}")
    if scenario.pipelining > 1:
        lines += [
            "local batch",
            "function init(arguments)",
            f"  batch = string.rep(wrk.format(), {scenario.pipelining})",
            "end",
            "function request() return batch end",
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A Lua string of the text's UTF-8 bytes; every byte as a decimal escape, so that nothing can break out."""
    return '"' + "".join(f"\\{byte:03d}" for byte in text.encode()) + '"'


def parse(stdout: str) -> Measurement:
    """Raises UnreadableOutput. The line that wrk_done.lua prints holds the exact figures."""
    line = next((line for line in reversed(stdout.splitlines()) if line.startswith(MARK)), None)
    if line is None:
        raise UnreadableOutput("wrk", "the line of exact figures is missing.")
    try:
        return _measurement(json.loads(line.removeprefix(MARK)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableOutput("wrk", f"the line of exact figures is damaged ({error}).") from error


def _measurement(told: dict[str, Any]) -> Measurement:
    requests = int(told["requests"])
    corrected = tuple((int(value), int(count)) for value, count in told["latencies"])
    raw = uncorrected(corrected, requests, int(told["connections"]), float(told["duration_us"]))
    mean = mean_us(raw) if raw else told["mean_us"]
    own = {key: told["percentiles_us"].get(key) for key in enough_for(PERCENTS, requests)}
    notes = (
        *([CORRECTED] if own and not raw else []),
        *([BATCHES] if told.get("pipelining", 1) > 1 else []),
    )
    return Measurement(
        duration_s=told["duration_us"] / 1e6,
        responses=requests,
        successes=max(0, requests - told["status"] - told["timeout"]),
        errors=told["connect"] + told["read"] + told["write"] + told["timeout"],
        timeouts=told["timeout"],
        non_2xx=told["status"],
        bytes_read=int(told["bytes"]),
        mean_ms=mean / 1000 if requests and mean is not None else None,
        max_ms=told["max_us"] / 1000 if requests and told["max_us"] is not None else None,
        percentiles_ms=percentiles_of(raw) or {key: value / 1000 for key, value in own.items() if value is not None},
        latencies_us=raw,
        connections_used=int(told["connections_used"]),
        notes=notes,
        corrected_us=corrected,
    )


def uncorrected(corrected: Latencies, requests: int, connections: int, duration_us: float) -> Latencies:
    """Undo wrk's correction for coordinated omission, exactly.

    wrk adds to every latency n of at least twice the expected interval e also n-e, n-2e, … above e. So what
    stands at m above e is the raw count plus all that stands at m+e.
    """
    each = requests // connections if connections else 0
    if not each:
        return corrected
    expected = int(duration_us) // each
    counts = dict(corrected)
    raw = ((value, count - (counts.get(value + expected, 0) if value > expected else 0)) for value, count in corrected)
    return tuple((value, count) for value, count in raw if count > 0)
