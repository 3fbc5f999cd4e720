"""The package: its lists of requirements, the wheel, and a server that runs from an installed wheel."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
import requests
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.fixtures.server import Server, unused_server

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BASE = frozenset(PROJECT["dependencies"])
SERVER = frozenset(PROJECT["optional-dependencies"]["server"])
DEV = frozenset(PROJECT["optional-dependencies"]["dev"])
SELF = "pm2site[server]"  # the extra `dev` includes `server`
# Import → distribution, where the names differ.
DISTRIBUTIONS = {"hdrh": "hdrhistogram"}
BUILD_S = 60
CALL_S = 60
RUN_S = 120


def lines_of(name: str) -> set[str]:
    """The lines of a requirements file, without comments."""
    return {line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")}


def test_the_requirements_files_repeat_the_lists_of_pyproject() -> None:
    assert lines_of("requirements-client.txt") == BASE
    assert lines_of("requirements.txt") == SERVER | {"-r requirements-client.txt"}
    assert lines_of("requirements-dev.txt") == DEV - {SELF} | {"-r requirements.txt"}


def test_the_lock_file_pins_every_requirement_within_its_range() -> None:
    pins: dict[str, list[str]] = {}
    for line in lines_of("requirements.lock"):
        if match := re.match(r"([\w.-]+)(?:\[\w+\])?==([^\s;]+)", line):
            pins.setdefault(canonicalize_name(match[1]), []).append(match[2])

    wrong = [
        text
        for text in BASE | SERVER | DEV - {SELF}
        for requirement in [Requirement(text)]
        for versions in [pins.get(canonicalize_name(requirement.name), [])]
        if not versions or not all(requirement.specifier.contains(version) for version in versions)
    ]

    assert wrong == [], "Run: make lock."


def imports_of(file: Path) -> Iterator[str]:
    """Dotted names of all imports of a file, including those inside functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def find_file(module: str) -> Path | None:
    """The file of one of our modules; None for anything else."""
    path = ROOT / module.replace(".", "/")
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


def reachable_libraries(modules: list[str]) -> set[str]:
    """Distributions imported by these modules of ours, or by modules of ours that they import."""
    seen: set[str] = set()
    libraries: set[str] = set()
    while modules:
        module = modules.pop()
        if module in seen:
            continue
        seen.add(module)
        if file := find_file(module):
            modules += imports_of(file)
            modules += [module.rpartition(".")[0]] if "." in module else []
        elif find_file(top := module.partition(".")[0]) is None and top not in sys.stdlib_module_names:
            libraries.add(DISTRIBUTIONS.get(top, top))
    return libraries


def test_the_base_is_what_the_dashboard_and_the_benchmark_command_import() -> None:
    dashboard = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in (ROOT / "dashboard_client").rglob("*.py")
    ]
    benchmark = ["benchmarks.__main__", "benchmarks.engine.probe"]  # the probe is a process of its own

    assert reachable_libraries(dashboard + benchmark) == {Requirement(text).name for text in BASE}


def test_the_newest_version_of_the_changelog_is_that_of_the_package() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    newest = headings[headings[0] == "Unreleased"]  # changes since the version may stand above it

    version, date = newest.split(" — ")
    assert version == PROJECT["version"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", date)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without network."""
    folder = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, timeout=BUILD_S)
    [file] = folder.iterdir()
    return file


def files_of_packages() -> set[str]:
    """What the wheel has to contain besides its metadata."""
    return {
        file.relative_to(ROOT).as_posix()
        for package in ("pm2site", "system", "pm2", "rediscluster", "benchmarks", "monitoring", "dashboard_client")
        for file in (ROOT / package).rglob("*")
        if file.is_file() and {"node_modules", "__pycache__"}.isdisjoint(file.parts)
    }


@pytest.mark.real
def test_the_wheel_contains_the_packages_with_all_their_files(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        modes = {name: archive.getinfo(name).external_attr >> 16 & 0o777 for name in names}

    assert names == files_of_packages()
    assert {
        "benchmarks/generators/run_autocannon.cjs", "benchmarks/generators/wrk_done.lua", "dashboard_client/py.typed", "pm2/frameworks/.npmrc",
        "pm2/frameworks/package-lock.json", "pm2/frameworks/registry.toml", "pm2site/static/pm2site/main.js",
        "pm2site/templates/page.html",
    } <= names  # fmt: skip
    assert modes["pm2/without_procps/ps"] == 0o755


@pytest.mark.real
def test_the_wheel_declares_its_commands_and_requirements(wheel: Path) -> None:
    info = f"pm2site-{PROJECT['version']}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_bytes(archive.read(f"{info}/METADATA"))
        scripts = ConfigParser()
        scripts.read_string(archive.read(f"{info}/entry_points.txt").decode())

    assert dict(scripts["console_scripts"]) == {
        "pm2site": "pm2site.__main__:main",
        "pm2site-benchmark": "benchmarks.cli.main:main",
        "pm2site-dashboard": "dashboard_client.__main__:main",
    }
    assert (metadata["Version"], metadata["Requires-Python"]) == (PROJECT["version"], ">=3.11")
    assert metadata.get_all("Provides-Extra") == ["dev", "server"]
    required = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    base = {canonicalize_name(requirement.name) for requirement in required if requirement.marker is None}
    assert base == {canonicalize_name(Requirement(text).name) for text in BASE}
    assert "django" not in base


@pytest.fixture
def site_packages(wheel: Path, tmp_path: Path) -> Path:
    """A folder with the installed wheel alone; its requirements come from this environment."""
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(tmp_path)]
    subprocess.run([*argv, str(wheel)], check=True, capture_output=True, timeout=BUILD_S)
    return tmp_path


@pytest.fixture
def installed(site_packages: Path) -> Iterator[Server]:
    """A server, not yet started, whose program is the installed wheel."""
    server = unused_server(PYTHONPATH=str(site_packages), DATA_DIR="")
    server.env["XDG_DATA_HOME"] = str(server.folder / "share")
    server.program = [sys.executable, "-P", "-m", "pm2site"]
    yield server
    server.clean()


def get(server: Server, path: str) -> Any:
    return requests.get(server.url + path, timeout=CALL_S).json()


def post(server: Server, path: str, **body: object) -> Any:
    response = requests.post(server.url + path, json=body, timeout=CALL_S)
    assert response.ok, response.text
    return response.json()


def wait_for_end(server: Server, run_id: str) -> Any:
    """The run, once it has ended."""
    deadline_s = time.monotonic() + RUN_S
    while (run := get(server, f"/api/benchmark/runs/{run_id}"))["state"] not in ("done", "failed"):
        assert time.monotonic() < deadline_s, run
        time.sleep(0.2)
    return run


@pytest.mark.real
def test_an_installed_server_starts_frameworks_from_its_data_folder_and_writes_nowhere_else(
    installed: Server, site_packages: Path
) -> None:
    before = {file: file.stat().st_mtime_ns for file in site_packages.rglob("*")}
    frameworks = installed.folder / "share" / "pm2site" / "frameworks"
    copy = (
        "import pathlib, sys; from pm2.frameworks import node_parts; node_parts.copy_sources(pathlib.Path(sys.argv[1]))"
    )
    argv = [sys.executable, "-P", "-c", copy, str(frameworks)]
    subprocess.run(argv, env=installed.env, check=True, timeout=BUILD_S)
    (frameworks / "node_modules").symlink_to(ROOT / "pm2" / "frameworks" / "node_modules")

    installed.start()
    pages = [
        requests.get(installed.url + path, timeout=CALL_S) for path in ("/", "/static/pm2site/main.js", "/api/schema")
    ]
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert f"version: {PROJECT['version']}" in pages[-1].text
    started = post(installed, "/api/pm2/start", framework="fastify", instances=1)
    process = get(installed, f"/api/pm2/processes/{started['processes'][0]['pmId']}")
    assert process["script"] == str(frameworks / "node" / "fastify.mjs")
    queued = post(installed, "/api/benchmark/run", framework="fastify", duration=1, trials=1)["benchmark"]
    assert wait_for_end(installed, queued["id"])["state"] == "done"
    assert {file: file.stat().st_mtime_ns for file in site_packages.rglob("*")} == before


@pytest.mark.real
def test_without_django_the_command_names_the_extra(site_packages: Path) -> None:
    argv = [sys.executable, "-S", "-P", "-m", "pm2site", "serve"]  # -S hides this environment's packages
    env = {"PYTHONPATH": str(site_packages)}
    finished = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=BUILD_S)

    message = "[ERROR] The server's Python packages are missing. Install them: pip install 'pm2site[server]'\n"
    assert (finished.returncode, finished.stdout, finished.stderr) == (1, "", message)
