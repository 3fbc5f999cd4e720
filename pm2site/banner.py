"""Text printed when the server starts."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth import get_user_model

from benchmarks.history.importer import ImportReport
from system.host import binaries
from system.host.binaries import Binary
from system.lib import installation

GENERATORS = ("wrk", "h2load", "autocannon")


def host_and_port(host: str, port: int) -> str:
    """`host:port` for a URL, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def lines(host: str, port: int) -> list[str]:
    """The banner's lines: addresses, access, programs found."""
    address = host_and_port(host, port)
    return [
        f"API Server running on http://{address}",
        f"WebSocket available at ws://{address}/ws",
        f"Health check: GET http://{address}/health",
        *access_lines(host),
        *(["Detailed errors are enabled (NODE_ENV or DJANGO_DEBUG)."] if settings.DETAILED_ERRORS else []),
        *([] if has_admin() else [f"No admin user yet: {installation.ADMIN}"]),
        " · ".join(program_versions()),
    ]


def access_lines(host: str) -> list[str]:
    """Who has access, and the setting that changes it."""
    if settings.API_OPEN:
        return ["API_OPEN=1: anyone who can reach this port may act."]
    if settings.API_KEY:
        return []
    scope = "this machine only" if host in ("127.0.0.1", "::1", "localhost") else "others need a token"
    return [f"No API_KEY set: {scope}. API_KEY=… {installation.RUN} lets others in."]


def has_admin() -> bool:
    return bool(get_user_model().objects.filter(is_superuser=True, is_active=True).exists())


def program_versions() -> list[str]:
    """The programs found, with their versions."""
    pm2, redis = binaries.find("pm2"), binaries.find("redis-server")
    generators = [binary for name in GENERATORS if (binary := binaries.find(name))]
    return [
        f"PM2 {pm2.version}" if pm2 else f"PM2 missing ({installation.SETUP})",
        f"redis-server {redis.version} ({redis.path.parent})"
        if redis
        else f"redis-server missing ({installation.SETUP})",
        f"load generators: {_describe_generators(generators)}",
    ]


def _describe_generators(generators: Sequence[Binary]) -> str:
    names = [_name_and_version(binary) for binary in generators]
    if not names:
        return f"none ({installation.SETUP})"
    if [binary.path.stem for binary in generators] == ["autocannon"]:  # its clock counts whole milliseconds
        install = "brew install wrk" if sys.platform == "darwin" else "apt-get install wrk"
        return f"{names[0]} (for latencies below 1 ms: {install})"
    return ", ".join(names)


def _name_and_version(binary: Binary) -> str:
    return f"{binary.path.stem} {binary.version}"


def import_lines(report: ImportReport | None) -> list[str]:
    """The outcome of importing a legacy history; empty if there was none or nothing was new."""
    if report is None:
        return []
    summary = f"{report.path}: {report.imported} results imported, {report.skipped} already known."
    rejected = [f"{report.path}: entry {bad.index} rejected: {bad.reason}" for bad in report.bad]
    return [summary] * bool(report.imported) + rejected
