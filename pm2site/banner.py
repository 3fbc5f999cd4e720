"""What the server says when it starts."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import get_user_model

from benchmarks.history.importer import ImportReport
from system.host import binaries
from system.host.binaries import Binary

GENERATORS = ("wrk", "h2load", "autocannon")


def address(host: str, port: int) -> str:
    """`host:port` for a URL, with the brackets that IPv6 wants."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def lines(host: str, port: int) -> list[str]:
    """The banner, a line each: where it listens, who may come in, what it found."""
    where = address(host, port)
    return [
        f"API Server running on http://{where}",
        f"WebSocket available at ws://{where}/ws",
        f"Health check: GET http://{where}/health",
        *access(host),
        *(["Detailed errors are on (NODE_ENV or DJANGO_DEBUG)."] if settings.DETAILED_ERRORS else []),
        *([] if has_admin() else ["No admin user yet: make admin"]),
        " · ".join(parts()),
    ]


def access(host: str) -> list[str]:
    """Who may come in, and what changes it."""
    if settings.API_OPEN:
        return ["API_OPEN=1: whoever reaches this port may act."]
    if settings.API_KEY:
        return []
    reach = "this machine only" if host in ("127.0.0.1", "::1", "localhost") else "others need a token"
    return [f"No API_KEY set: {reach}. API_KEY=… make run lets others in."]


def has_admin() -> bool:
    return bool(get_user_model().objects.filter(is_superuser=True, is_active=True).exists())


def parts() -> list[str]:
    """The programs found, with their versions, and where they came from when it was not PATH."""
    pm2, redis = binaries.find("pm2"), binaries.find("redis-server")
    generators = [found for name in GENERATORS if (found := binaries.find(name))]
    return [
        f"PM2 {pm2.version}" if pm2 else "PM2 missing (make setup)",
        f"redis-server {redis.version} ({redis.path.parent})" if redis else "redis-server missing (make setup)",
        "load generators: " + (", ".join(_named(each) for each in generators) or "none (make setup)"),
    ]


def _named(binary: Binary) -> str:
    return f"{binary.path.stem} {binary.version}"


def imported(report: ImportReport | None) -> list[str]:
    """What the import of a legacy history did; nothing when there was none or nothing was new."""
    if report is None:
        return []
    said = [f"{report.path}: {report.imported} results imported, {report.skipped} known already."] * bool(
        report.imported
    )
    return said + [f"{report.path}: entry {bad.index} left out: {bad.reason}" for bad in report.bad]
