"""Parses INFO and CLUSTER INFO, and reads single fields: null where a field is missing or not a number. [pure]"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rediscluster.errors import ReplyNotUnderstood

Info = Mapping[str, str]
MAX_REPORT_LENGTH = 2**20  # of INFO and CLUSTER NODES: the latter has 200 KB for 1,000 nodes
MAX_INTEGER = 2**64 - 1  # the largest counter of Redis
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")


def check_length(command: str, text: str) -> None:
    """Raises ReplyNotUnderstood for a report that would take seconds to parse."""
    if len(text) > MAX_REPORT_LENGTH:
        raise ReplyNotUnderstood(command, text)


def parse_info(text: str, command: str = "INFO") -> dict[str, str]:
    """The `name:value` lines of INFO and CLUSTER INFO. Raises ReplyNotUnderstood when there are none."""
    check_length(command, text)
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    if not fields:
        raise ReplyNotUnderstood(command, text)
    return fields


def parse_sections(text: str) -> dict[str, dict[str, str]]:
    """Section → name → value: `# Server` starts a section. Lines before the first section are left out.

    Raises ReplyNotUnderstood when there is no section.
    """
    check_length("INFO", text)
    sections: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            section = sections.setdefault(line[2:].strip().lower(), {})
        elif ":" in line:
            name, _, value = line.partition(":")
            section[name] = value
    if not sections:
        raise ReplyNotUnderstood("INFO", text)
    return sections


def to_int(info: Info, name: str) -> int | None:
    return parse_integer(info.get(name, ""))


def parse_integer(text: str) -> int | None:
    """Of decimal ASCII digits, and within the range of Redis's counters; otherwise None."""
    number = int(text) if _INTEGER.fullmatch(text) else None
    return number if number is not None and abs(number) <= MAX_INTEGER else None


def to_float(info: Info, name: str) -> float | None:
    """Finite, as numbers are in JSON, and so are sums and rates of two of them."""
    try:
        number = float(info[name])
    except (KeyError, ValueError):
        return None
    return number if abs(number) <= MAX_INTEGER else None


def count_keys(info: Info) -> int | None:
    """From `db0:keys=3,expires=0,avg_ttl=0`; a cluster has only that database, a standalone server may have more.

    An empty server has no such line, but it has `keyspace_hits`; a reply without either says nothing about keys.
    """
    databases = [value for name, value in info.items() if name.startswith("db") and value.startswith("keys=")]
    if not databases and "keyspace_hits" not in info:
        return None
    counts = [parse_integer(value.removeprefix("keys=").partition(",")[0]) for value in databases]
    return None if None in counts else sum(count for count in counts if count is not None)


def replicas_of(info: Info) -> list[Mapping[str, str]]:
    """The lines `slave0:ip=…,port=7003,state=online,offset=…,lag=0` of a master."""
    lines = (value for name, value in info.items() if re.fullmatch(r"slave[0-9]+", name))
    return [dict(part.partition("=")[::2] for part in line.split(",")) for line in lines]
