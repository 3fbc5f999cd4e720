from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path

import pytest

from system.lib import installation

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _no_data_dir(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATA_DIR")


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "IS_CHECKOUT", False)


def test_a_checkout_keeps_its_files_in_itself() -> None:
    assert installation.IS_CHECKOUT
    assert installation.data_dir() == ROOT / "var"
    assert installation.frameworks_dir() == ROOT / "pm2" / "frameworks"
    assert installation.programs_dir() is None
    assert installation.manage_argv("serve") == [sys.executable, str(ROOT / "manage.py"), "serve"]


@pytest.mark.parametrize(
    ("xdg_data_home", "expected"),
    [
        ("/srv/data", "/srv/data/pm2site"),
        ("", "/home/ada/.local/share/pm2site"),
        ("relative", "/home/ada/.local/share/pm2site"),
    ],
)
@pytest.mark.usefixtures("_installed")
def test_an_installed_program_keeps_its_files_in_the_users_data_folder(
    monkeypatch: pytest.MonkeyPatch, xdg_data_home: str, expected: str
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("XDG_DATA_HOME", xdg_data_home)

    assert installation.data_dir() == Path(expected)
    assert installation.frameworks_dir() == Path(expected, "frameworks")
    assert installation.programs_dir() == Path(expected, "programs")
    assert installation.manage_argv("serve") == [sys.executable, "-P", "-m", "pm2site", "serve"]


@pytest.mark.usefixtures("_installed")
def test_data_dir_overrides_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", "/srv/pm2site")

    assert installation.data_dir() == Path("/srv/pm2site")


def test_the_version_of_a_checkout_is_in_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert installation.read_version() == project["version"]


@pytest.mark.usefixtures("_installed")
def test_the_version_of_an_installed_program_is_in_its_metadata(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "pm2site-9.8.7.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: pm2site\nVersion: 9.8.7\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()

    assert installation.read_version() == "9.8.7"
