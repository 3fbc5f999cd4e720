"""The banner names the programs that are present, and the command that installs what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pm2site import banner
from system.host import binaries
from system.host.binaries import Binary

PROGRAMS = {
    "pm2": Binary(Path("/n/pm2"), "7.0.4", "npm"), "redis-server": Binary(Path("/usr/bin/redis-server"), "7.0.15", "PATH"),
    "wrk": Binary(Path("/usr/bin/wrk"), "4.1.0", "PATH"), "h2load": Binary(Path("/usr/bin/h2load"), "1.52.0", "PATH"),
    "autocannon": Binary(Path("/n/autocannon.js"), "9.0.0", "npm"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (("wrk", "h2load", "autocannon"), "load generators: wrk 4.1.0, h2load 1.52.0, autocannon 9.0.0"),
        (("h2load",), "load generators: h2load 1.52.0"),
        (("autocannon",), "load generators: autocannon 9.0.0 (for latencies below 1 ms: apt-get install wrk)"),
        ((), "load generators: none (make setup)"),
    ],
)
def test_load_generators(monkeypatch: pytest.MonkeyPatch, present: tuple[str, ...], expected: str) -> None:
    programs = {name: PROGRAMS[name] for name in ("pm2", "redis-server", *present)}
    monkeypatch.setattr(binaries, "find", programs.get)
    monkeypatch.setattr("sys.platform", "linux")

    assert banner.program_versions() == ["PM2 7.0.4", "redis-server 7.0.15 (/usr/bin)", expected]
