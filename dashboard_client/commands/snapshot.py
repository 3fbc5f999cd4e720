"""Prints one report of the server: `--once` and `--json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from dashboard_client.commands import report
from dashboard_client.errors import ClientError, NotAuthenticated, Unreachable, Unsupported
from dashboard_client.network.api import Api
from dashboard_client.wire.benchmarks import BenchmarkResults
from dashboard_client.wire.decode import convert
from dashboard_client.wire.host_and_pm2 import Activity, HostStats, Pm2Stats
from dashboard_client.wire.redis import RedisStats

MAX_RESULTS = 10
MAX_ENTRIES = 10

Section = dict[str, Any] | ClientError


def fetch_sections(api: Api) -> dict[str, Section]:
    """The response or error of each section. Raises Unreachable and NotAuthenticated, which affect all sections."""
    requests: Mapping[str, Callable[[], dict[str, Any]]] = {
        "health": api.health,
        "system": api.system_stats,
        "pm2": api.pm2_stats,
        "redis": api.redis_stats,
        "benchmarks": lambda: api.benchmark_latest(MAX_RESULTS),
        "activity": lambda: api.activity(MAX_ENTRIES),
    }
    sections: dict[str, Section] = {}
    for name, fetch in requests.items():
        try:
            sections[name] = fetch()
        except (Unreachable, NotAuthenticated):
            raise
        except ClientError as error:
            sections[name] = error
    return sections


def run(api: Api, *, as_json: bool) -> int:
    """Returns the exit code: 1 if a section failed. Sections missing on an older server do not count."""
    sections = fetch_sections(api)
    failed = {name: section for name, section in sections.items() if isinstance(section, ClientError)}
    if as_json:
        payload = {
            name: {"error": str(section)} if isinstance(section, ClientError) else section
            for name, section in sections.items()
        }
        print(json.dumps({"server": api.config.server, **payload}))
    else:
        print("\n".join(render(api.config.server, sections)))
    for name, error in failed.items():
        print(f"[ERROR] {name}: {error}", file=sys.stderr)
    return int(any(not isinstance(error, Unsupported) for error in failed.values()))


def render(server: str, sections: Mapping[str, Section]) -> list[str]:
    report_lines = [server]
    for name, render_section in _RENDERERS.items():
        section = sections[name]
        try:
            if isinstance(section, Unsupported):
                section_lines = ["not supported by this server version"]
            else:
                section_lines = render_section(_section_or_raise(section))
        except ClientError as error:
            section_lines = [str(error)]
        report_lines += ["", *section_lines]
    return report_lines


def _section_or_raise(section: Section) -> dict[str, Any]:
    if isinstance(section, ClientError):
        raise section
    return section


def _pm2(payload: object) -> list[str]:
    stats = convert(Pm2Stats, payload)
    return [report.pm2_summary(stats), *report.processes(stats)]


def _redis(payload: object) -> list[str]:
    stats = convert(RedisStats, payload)
    return [report.redis_summary(stats), *report.nodes(stats)]


def _benchmarks(payload: object) -> list[str]:
    return ["Latest benchmarks", *(report.results(convert(BenchmarkResults, payload)) or ["none yet"])]


def _activity(payload: object) -> list[str]:
    return ["Activity", *(report.activity(convert(Activity, payload)) or ["none yet"])]


_RENDERERS: Mapping[str, Callable[[object], list[str]]] = {
    "system": lambda payload: report.host(convert(HostStats, payload)),
    "pm2": _pm2,
    "redis": _redis,
    "benchmarks": _benchmarks,
    "activity": _activity,
}
