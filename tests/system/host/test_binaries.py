from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from system.errors import BinaryMissing
from system.host import binaries
from system.host.binaries import Binary
from system.lib import installation


def test_node_pm2_and_autocannon_are_found() -> None:
    node, pm2, autocannon = (binaries.require(name) for name in ("node", "pm2", "autocannon"))

    assert int(node.version.split(".")[0]) >= 20
    assert (pm2.version, autocannon.version) == ("7.0.4", "9.0.0")
    assert pm2.path.is_file()
    assert autocannon.path.is_file()


def test_the_configured_redis_comes_first(settings: Settings, tmp_path: Path) -> None:
    configured = tmp_path / "my-redis"
    configured.write_text("#!/bin/sh\necho Redis server v=9.8.7\n")
    configured.chmod(0o755)
    settings.REDIS_SERVER = str(configured)

    assert binaries.find("redis-server") == Binary(configured, "9.8.7", "PATH")


def test_a_program_that_prints_its_version_and_exits_with_1_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "wrk").write_text("#!/bin/sh\necho wrk 4.1.0 >&2\nexit 1\n")
    (tmp_path / "wrk").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert binaries.find("wrk") == Binary(tmp_path / "wrk", "4.1.0", "PATH")


def test_an_upgraded_program_is_found_with_its_new_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    versions = []
    for index, version in enumerate(("1.58.0", "1.59.0")):
        (tmp_path / "h2load").write_text(f"#!/bin/sh\necho h2load nghttp2/{version}\n")
        (tmp_path / "h2load").chmod(0o755)
        os.utime(tmp_path / "h2load", (index, index))
        versions.append(binaries.require("h2load").version)

    assert versions == ["1.58.0", "1.59.0"]


def test_a_version_is_queried_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bun").write_text(f"#!/bin/sh\necho 1.2.3\necho queried >> {tmp_path}/log\n")
    (tmp_path / "bun").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert binaries.find("bun") == binaries.find("bun") == Binary(tmp_path / "bun", "1.2.3", "PATH")
    assert (tmp_path / "log").read_text() == "queried\n"


def test_a_program_whose_library_is_missing_is_not_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "wrk").write_text("#!/bin/sh\necho wrk: libssl.so.1.1: cannot open shared object file >&2\nexit 127\n")
    (tmp_path / "wrk").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert binaries.find("wrk") is None


@pytest.mark.parametrize("manifest", ["[]", "{", '{"version": "7.0.4"}', '{"bin": 5, "version": "7.0.4"}'])
def test_an_unreadable_package_is_not_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, manifest: str) -> None:
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    (binaries.node_modules_dir() / "pm2").mkdir(parents=True)
    (binaries.node_modules_dir() / "pm2" / "package.json").write_text(manifest)

    assert binaries.find("pm2") is None


def test_the_error_names_the_missing_program() -> None:
    assert binaries.find("no-such-program") is None
    with pytest.raises(BinaryMissing, match=r"no-such-program is not installed. Put it on PATH"):
        binaries.require("no-such-program")
