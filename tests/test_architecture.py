"""The walls: who may import whom, and one owner for each library that does I/O."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("pm2site", "benchmarks", "pm2", "rediscluster", "system", "dashboard_client")
MAY_IMPORT = {
    "pm2site": {"benchmarks", "pm2", "rediscluster", "system"},
    "benchmarks": {"pm2", "rediscluster", "system"},
    "pm2": {"system"},
    "rediscluster": {"system"},
    "system": set(),
    "dashboard_client": set(),
}
# Library → the only files that may import it.
OWNERS = {
    "psutil": {
        "system/host/host_sampler.py",
        "system/host/counters.py",
        "system/host/child_processes.py",
        "system/host/process_table.py",
    },
    "subprocess": {"system/host/child_processes.py"},
    "redis": {"rediscluster/nodes/client.py"},
    "blessed": {"dashboard_client/tui/terminal.py"},
    "requests": {"dashboard_client/network/api.py"},
    "websockets": {"dashboard_client/network/feed.py"},
    "hdrh": {"benchmarks/analysis/histogram.py"},
    "daphne": {"pm2site/management/commands/serve.py", "pm2site/management/commands/runserver.py"},
}
# Calls that only one file may make, whatever they were imported as.
CALLS = {
    "open_unix_connection": {"pm2/daemon/client.py", "pm2/daemon/bus.py"},
    "create_unix_connection": {"pm2/daemon/client.py", "pm2/daemon/bus.py"},
    "create_subprocess_exec": {"system/host/child_processes.py"},
    "create_subprocess_shell": set(),
    "Popen": {"system/host/child_processes.py"},
}
IMPURE = {
    "asyncio", "datetime.datetime.now", "django", "environ", "os", "pathlib.Path", "random", "rest_framework",
    "secrets", "socket", "subprocess", "threading", "time", "urllib.request",
}  # fmt: skip
SAYS_NOTHING = {
    "utils",
    "helpers",
    "common",
    "misc",
    "base",
    "manager",
    "service",
    "services",
    "handler",
    "core",
}
MAX_LINES = 300
MAX_FUNCTION_LINES = 60


@lru_cache(maxsize=1)
def sources() -> list[tuple[str, ast.Module, str]]:
    """Every source file of the product but the servers under test: path from the root, syntax tree, text."""
    found = []
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if "/migrations/" in name or "/node_modules/" in name or name.startswith("pm2/frameworks/python/"):
                continue
            text = file.read_text()
            found.append((name, ast.parse(text), text))
    return found


def imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names of everything that the file imports, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_imports_run_downward() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, tree, _ in sources()
        for target in imported(tree)
        if target.split(".")[0] in APPS
        and target.split(".")[0] != name.split("/")[0]
        and target.split(".")[0] not in MAY_IMPORT[name.split("/")[0]]
    ]

    assert wrong == []


def test_an_io_library_has_one_owner() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, tree, _ in sources()
        for target in imported(tree)
        if name not in OWNERS.get(target.split(".")[0], {name})
    ]

    assert wrong == []


def test_an_io_call_has_one_owner() -> None:
    wrong = [
        f"{name}:{node.lineno} calls {node.func.attr}"
        for name, tree, _ in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if name not in CALLS.get(node.func.attr, {name})
    ]

    assert wrong == []


def test_a_pure_module_imports_nothing_impure() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, tree, _ in sources()
        if "[pure]" in (ast.get_docstring(tree) or "").split("\n\n")[0]
        for target in imported(tree)
        if target in IMPURE or (target.split(".")[0] in IMPURE)
    ]

    assert wrong == []


def test_files_and_functions_say_one_thing() -> None:
    long_files = [f"{name}: {text.count(chr(10))} lines" for name, _, text in sources() if text.count("\n") > MAX_LINES]
    long_functions = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree, _ in sources()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if (node.end_lineno or node.lineno) - node.lineno > MAX_FUNCTION_LINES
    ]

    assert (long_files, long_functions) == ([], [])


def test_names_say_what_is_inside() -> None:
    assert [name for name, _, _ in sources() if Path(name).stem in SAYS_NOTHING] == []


def test_no_shell_is_ever_used() -> None:
    wrong = [
        f"{name}:{node.value.lineno}"
        for name, tree, _ in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
        and node.arg == "shell"
        and isinstance(node.value, ast.Constant)
        and node.value.value
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("app", "source", "expected"),
    [
        ("system", "import pm2.daemon.client", ["pm2.daemon.client"]),
        (
            "pm2",
            "def f():\n    from rediscluster.nodes import client",
            ["rediscluster.nodes", "rediscluster.nodes.client"],
        ),
    ],
)
def test_the_reader_of_imports_sees_those_inside_functions(app: str, source: str, expected: list[str]) -> None:
    found = list(imported(ast.parse(source)))

    assert found == expected
    assert found[0].split(".")[0] not in MAY_IMPORT[app]
