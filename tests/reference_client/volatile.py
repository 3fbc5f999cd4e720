"""Replaces what differs between two runs of the same requests by placeholders, after a check of its type and range.

Everything else in a body is compared as it is. A value that fails its check stays, and so differs from the expected one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fixtures import ports

Check = Callable[[Any], object]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
BLOCK = range(ports.BASE, ports.BASE + 100)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def is_percent(value: Any) -> bool:
    return is_number(value) and value <= 100


def is_positive(value: Any) -> bool:
    return is_number(value) and value > 0


def are_numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(is_number, value))


def are_own_ports(value: Any) -> bool:
    """An action answers as soon as a port accepts connections, which may be before it is in the list."""
    return isinstance(value, list) and all(port in BLOCK for port in value)


def is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[0-9a-f-]{8,40}", value))


def are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def _keys(words: str, placeholder: str, check: Check) -> dict[str, tuple[str, Check]]:
    return dict.fromkeys(words.split(), (placeholder, check))


# A key, or the key of the object or list around it and a key → placeholder and check.
RULES: Mapping[str, tuple[str, Check]] = {
    **_keys("pid", "<pid>", lambda value: type(value) is int and 1 < value <= 2**22),
    **_keys("id clientId epoch requestId masterId", "<id>", is_id),
    **_keys("seq", "<number>", lambda value: type(value) is int and value > 0),
    **_keys("memoryPercent diskPercent percent", "<percent>", is_percent),
    **_keys(
        "cpu memory processes.memoryBytes uptimeSeconds unstableRestarts ageSeconds swapBytes swapTotalBytes networkInBytesPerSecond"
        " networkOutBytesPerSecond freeMemory availableMemory sizeBytes linesPerSecond bytesPerSecond details.connections"
        " stats.connections persistence.changesSinceSave phases.check phases.start phases.form phases.ready phases.verify"
        " phases.masters",
        "<number>",
        is_number,
    ),
    **_keys(
        "totalMemory usedMemory cpuCount diskFreeBytes totalReqs duration reqPerSec avgReqPerSec"
        " maxReqPerSec minReqPerSec",
        "<positive>",
        is_positive,
    ),
    **_keys(
        "memoryBytes cpuMicrosPerRequest avgLatency p50Latency p90Latency p95Latency p99Latency p999Latency"
        " opsPerSecond hitRatePercent evictedPerSecond expiredPerSecond errorsPerSecond details.networkInBytesPerSecond details.networkOutBytesPerSecond"
        " stats.networkInBytesPerSecond stats.networkOutBytesPerSecond cpuPercent latencyMs memoryPeakBytes codes",
        "<number or null>",
        lambda value: value is None or is_number(value),
    ),
    **_keys("cpuPerCore perCore loadAverage", "<numbers>", are_numbers),
    **_keys("hostname platform nodeVersion pythonVersion interpreter user version", "<text>", is_text),
    **_keys(
        "uptime", "<duration>", lambda value: is_number(value) or re.fullmatch(r"(\d+d )?(\d+h )?\d+m", str(value))
    ),
    **_keys("loadAvg", "<three numbers>", lambda value: re.fullmatch(r"\d+\.\d\d \d+\.\d\d \d+\.\d\d", str(value))),
    **_keys("processes.ports", "<ports>", are_own_ports),
    **_keys("generator", "<generator>", lambda value: value in ("wrk", "h2load", "autocannon")),
    **_keys("validity", "<validity>", lambda value: value in ("valid", "caution", "invalid")),
    **_keys("saturation", "<side>", lambda value: value in ("server", "generator", "contended", "machine", "", None)),
    **_keys("reasons", "<sentences>", are_texts),
    **_keys("dump.startup", "<startup>", lambda value: value in ("enabled", "missing", "unknown")),
}
TEXT_RULES = (
    (re.compile(r"history-\d{8}-\d{6}-[0-9a-f]{6}"), "history-<time>"),
    (re.compile(r"\bpid \d+"), "pid <pid>"),
    (re.compile(r"\bin \d+\.\d\d s\b"), "in <number> s"),
    (re.compile(r"\bwith (wrk|h2load|autocannon)\b"), "with <generator>"),
)


def stable(value: Any, folder: str, key: str = "", around: str = "") -> Any:
    """`value` with placeholders. `folder`: the server's; `key`: of the value; `around`: of the object around it."""
    for name in (f"{around}.{key}", key):
        if name in RULES:
            placeholder, check = RULES[name]
            if check(value):
                return placeholder
            break
    if isinstance(value, dict):
        return {name: stable(item, folder, name, key) for name, item in value.items()}
    if isinstance(value, list):  # an item has the key of its list
        return [stable(item, folder, key, around) for item in value]
    if isinstance(value, str):
        return _stable_text(value, folder)
    return _stable_port(value) if type(value) is int and value in BLOCK else value


def _stable_text(text: str, folder: str) -> str:
    if TIME.fullmatch(text):
        age = datetime.now(UTC) - datetime.fromisoformat(text)
        return "<time>" if abs(age) < timedelta(hours=1) else text
    text = text.replace(folder, "<folder>")
    for pattern, placeholder in TEXT_RULES:
        text = pattern.sub(placeholder, text)
    return re.sub(r"\b\d{5}\b", lambda match: str(_stable_port(int(match[0]))), text)


def _stable_port(number: int) -> int | str:
    return f"<port {number - ports.BASE}>" if number in BLOCK else number
