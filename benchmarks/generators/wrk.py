"""wrk 4: builds its command line and Lua script, parses the line that the script prints. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.analysis.measurement import (
    PERCENTS,
    Latencies,
    Measurement,
    mean_us,
    percentiles_in_ms,
    supported_percentiles,
)
from benchmarks.errors import UnreadableOutput
from benchmarks.generators import figures as read
from benchmarks.generators.scenario import Scenario
from benchmarks.generators.secret_headers import is_secret

MARK = "@@RUN1@@"
CORRECTED_NOTE = "The percentiles are wrk's own, corrected for coordinated omission."
BATCHES_NOTE = "wrk measures the latency of a whole batch of pipelined requests."


def argv(scenario: Scenario, program: Sequence[str], input_file: str) -> list[str]:
    """`input_file` holds `script(scenario)` followed by wrk_done.lua."""
    threads = min(scenario.workers, scenario.connections)
    public = [(name, value) for name, value in scenario.headers if not is_secret(name)]
    headers = [part for name, value in public for part in ("-H", f"{name}: {value}")]
    return [
        *program, "--threads", str(threads), "--connections", str(scenario.connections),
        "--duration", f"{scenario.duration_s}s", "--timeout", f"{round(scenario.timeout_s)}s",
        "--latency", "--script", input_file, *headers, scenario.named_url,
    ]  # fmt: skip


def input_content(scenario: Scenario) -> bytes | None:
    """The lines before wrk_done.lua: options that the command line does not offer, and headers that nobody may see."""
    threads = min(scenario.workers, scenario.connections)
    lines = [
        f"CONNECTIONS = {scenario.connections}",
        f"CONNECTIONS_USED = {scenario.connections // threads * threads}",
        f"PIPELINING = {scenario.pipelining}",
    ]
    if scenario.server_name:  # wrk takes it from the URL, and would resolve it
        address, port = scenario.host_and_port
        lookup = f"wrk.lookup({_quoted(address)}, {_quoted(str(port))})"
        lines.append(f"wrk.resolve = function() wrk.addrs = {lookup} end")
    if scenario.expected_class != 2:
        lines += _counting_lines(scenario.expected_class)
    secrets = [(name, value) for name, value in scenario.headers if is_secret(name)]
    lines += [f"wrk.headers[{_quoted(name)}] = {_quoted(value)}" for name, value in secrets]
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
    return ("\n".join(lines) + "\n").encode()


def _counting_lines(expected_class: int) -> list[str]:
    """wrk itself only counts statuses above 399. It calls the function for each response of these runs."""
    return [
        "local threads = {}",
        "unexpected = 0",
        "function setup(thread) threads[#threads + 1] = thread end",
        "function response(status)",
        f"  if math.floor(status / 100) ~= {expected_class} then unexpected = unexpected + 1 end",
        "end",
        "function count_unexpected()",
        "  local sum = 0",
        '  for _, thread in ipairs(threads) do sum = sum + thread:get("unexpected") end',
        "  return sum",
        "end",
    ]


def _quoted(text: str | bytes) -> str:
    """A Lua string literal of the bytes (UTF-8), each as a decimal escape, so that no text can end the literal."""
    return '"' + "".join(f"\\{byte:03d}" for byte in (text.encode() if isinstance(text, str) else text)) + '"'


def parse(stdout: str, expected_class: int = 2) -> Measurement:
    """Parses the line of exact figures that wrk_done.lua prints, in which `status` already counts the unexpected.

    Raises UnreadableOutput.
    """
    line = next((line for line in reversed(stdout.splitlines()) if line.startswith(MARK)), None)
    if line is None:
        raise UnreadableOutput("wrk", "the line of exact figures is missing.")
    try:
        return read.check(_measurement(read.parse_json(line.removeprefix(MARK))))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableOutput("wrk", f"the line of exact figures is damaged ({error}).") from error


def _measurement(figures: Any) -> Measurement:
    requests, duration_us = read.count(figures["requests"]), read.number(figures["duration_us"])
    connect, broken, unsent, timeouts, non_2xx = (
        read.count(figures[key]) for key in ("connect", "read", "write", "timeout", "status")
    )
    corrected = read.latencies(figures["latencies"])
    raw = undo_correction(corrected, requests, read.count(figures["connections"]), duration_us)
    mean = mean_us(raw) if raw else figures["mean_us"]
    own = {key: figures["percentiles_us"].get(key) for key in supported_percentiles(PERCENTS, requests)}
    notes = (
        *([CORRECTED_NOTE] if own and not raw else []),
        *([BATCHES_NOTE] if figures.get("pipelining", 1) > 1 else []),
    )
    return Measurement(
        duration_s=duration_us / 1e6,
        responses=requests,
        successes=max(0, requests - non_2xx - timeouts),
        errors=connect + broken + unsent + timeouts,
        timeouts=timeouts,
        non_2xx=non_2xx,
        bytes_read=read.count(figures["bytes"]),
        mean_ms=read.number(mean) / 1000 if requests and mean is not None else None,
        max_ms=read.number(figures["max_us"]) / 1000 if requests and figures["max_us"] is not None else None,
        percentiles_ms=percentiles_in_ms(raw)
        or {key: read.number(value) / 1000 for key, value in own.items() if value is not None},
        latencies_us=raw,
        connections_used=read.count(figures["connections_used"]),
        notes=notes,
        corrected_us=corrected,
    )


def undo_correction(corrected: Latencies, requests: int, connections: int, duration_us: float) -> Latencies:
    """Undoes wrk's correction for coordinated omission, exactly.

    For every latency n of at least twice the expected interval e, wrk also counts n-e, n-2e, … above e. So the count at
    m above e is the raw count plus the corrected count at m+e.
    """
    requests_per_connection = requests // connections if connections else 0
    if not requests_per_connection:
        return corrected
    expected = int(duration_us) // requests_per_connection
    counts = dict(corrected)
    raw = ((value, count - (counts.get(value + expected, 0) if value > expected else 0)) for value, count in corrected)
    return tuple((value, count) for value, count in raw if count > 0)
