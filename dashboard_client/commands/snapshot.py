"""Prints one report of the server: `--once` and `--json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from dashboard_client.commands import report
from dashboard_client.commands.progress import print_error
from dashboard_client.config import Config
from dashboard_client.errors import ClientError, NotAuthenticated, Unreachable, Unsupported
from dashboard_client.network.api import Api
from dashboard_client.wire.benchmarks import BenchmarkResults
from dashboard_client.wire.decode import convert
from dashboard_client.wire.host_and_pm2 import Activity, HostStats, Pm2Stats
from dashboard_client.wire.readiness import Health
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


def run(config: Config, *, as_json: bool) -> int:
    """Returns the exit code: 1 if a section failed or is unreadable. Sections missing on an older server do not count.

    API_TIMEOUT is the deadline for all sections together.
    """
    sections = fetch_sections(Api(config, for_all_s=config.timeout_s))
    failures = {name: error for name, section in sections.items() if (error := _error_of(name, section))}
    if as_json:
        payload = {
            name: {"error": str(section)} if isinstance(section, ClientError) else section
            for name, section in sections.items()
        }
        print(json.dumps({"server": config.server, **payload}))
    else:
        print("\n".join(render(config.server, sections)))
    for name, error in failures.items():
        print_error(f"{name}: {error}")
    return int(any(not isinstance(error, Unsupported) for error in failures.values()))


def _error_of(name: str, section: Section) -> ClientError | None:
    """Why a section cannot be shown."""
    try:
        convert(_TYPES[name], _section_or_raise(section))
    except ClientError as error:
        return error
    return None


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


_TYPES: Mapping[str, type[object]] = {
    "health": Health,
    "system": HostStats,
    "pm2": Pm2Stats,
    "redis": RedisStats,
    "benchmarks": BenchmarkResults,
    "activity": Activity,
}


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
