"""Checks the import order of apps and rooms, the size of folders and files, and the owners of I/O libraries."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# App → the apps below it.
APPS = {
    "pm2site": {"monitoring", "benchmarks", "pm2", "rediscluster", "system"},
    "monitoring": {"benchmarks", "pm2", "rediscluster", "system"},
    "benchmarks": {"pm2", "rediscluster", "system"},
    "pm2": {"system"},
    "rediscluster": {"system"},
    "system": set(),
    "dashboard_client": set(),
}
# The rooms of each app and the modules at its root, lowest first. A room imports only from itself and from those before
# it. A name with a dot is a room inside a room.
ROOMS = {
    "system": "lib charts stored_times model_fields admin_lists errors host database api urls apps",
    "pm2": (
        "errors file_errors models frameworks daemon logs exits instance_tracking saved_list monitor actions ecosystem api"
        " admin urls apps management.commands"
    ),
    "rediscluster": "errors topology nodes status operations api urls apps management.commands",
    "benchmarks": (
        "errors models analysis budgets generators sweeps connections engine targets runs history api admin.charts admin"
        " cli urls apps __main__"
        " management.commands"
    ),
    "monitoring": "errors models series charts store sampling recording exposition api admin urls apps",
    "pm2site": (
        "env logging_setup settings errors models transport access http admin_site audit backup health live access.api web admin banner wiring"
        " lifetime asgi urls apps management.commands __main__"
    ),
    "dashboard_client": (
        "standard_streams errors config wire network client formatting tui.screen commands tui.model tui.text tui.update tui.view tui"
        " __main__"
    ),
}
# Library → the only files that may import it.
OWNERS = {
    "psutil": {
        "system/host/boot_clock.py",
        "system/host/host_sampler.py",
        "system/host/usage_counters.py",
        "system/host/child_processes.py",
        "system/host/process_lookup.py",
        "system/host/process_trees.py",
    },
    "subprocess": {"system/host/child_processes.py", "system/host/foreground_process.py"},
    "redis": set(),
    "re2": {"pm2/logs/line_matcher.py"},
    "blessed": {"dashboard_client/tui/terminal.py"},
    "requests": {"dashboard_client/network/api.py"},
    "websockets": {"dashboard_client/network/live_connection.py"},
    "hdrh": {"benchmarks/analysis/histogram.py"},
    "daphne": {
        "pm2site/management/commands/serve.py",
        "pm2site/management/commands/runserver.py",
        "pm2site/transport/daphne_limits.py",
        "pm2site/transport/http_request.py",
        "pm2site/transport/websocket.py",
    },
    "twisted": {
        "pm2site/management/commands/serve.py",
        "pm2site/transport/connection_probe.py",
        "pm2site/transport/daphne_limits.py",
        "pm2site/transport/http_channel.py",
        "pm2site/transport/http_request.py",
    },
    "sqlite3": {
        "monitoring/recording/recorder.py",
        "monitoring/store/metrics_file.py",
        "monitoring/store/reader.py",
        "monitoring/store/writer.py",
        "pm2site/backup/sqlite_file.py",
        "system/database/existing_file.py",
    },
}
# Method → the only files that may call it, under any import name.
CALLS = {
    "open_unix_connection": {"pm2/daemon/rpc_client.py", "pm2/daemon/bus_client.py"},
    "create_unix_connection": {"pm2/daemon/rpc_client.py", "pm2/daemon/bus_client.py"},
    "open_connection": {"rediscluster/nodes/client.py", "pm2/actions/port_holder.py"},
    "create_subprocess_exec": {"system/host/child_processes.py"},
    "create_subprocess_shell": set(),
    "Popen": {"system/host/child_processes.py", "system/host/foreground_process.py"},
    "posix_spawn": set(),
    "posix_spawnp": set(),
    "fork": set(),
}
IMPURE = {
    "asyncio", "datetime.datetime.now", "django", "environ", "os", "pathlib.Path", "random", "rest_framework",
    "secrets", "socket", "subprocess", "threading", "time", "urllib.request",
}  # fmt: skip
VAGUE_NAMES = {
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
MAX_MODULES = 14
MAX_FUNCTION_LINES = 60


@cache
def sources() -> tuple[tuple[str, ast.Module, str], ...]:
    """Path from the root, syntax tree and text of every source file of the apps, except the servers under test."""
    files = {file.relative_to(ROOT).as_posix(): file for app in APPS for file in sorted((ROOT / app).rglob("*.py"))}
    excluded = ("/migrations/", "/node_modules/", "pm2/frameworks/python/")
    return tuple(
        (name, ast.parse(text := file.read_text()), text)
        for name, file in files.items()
        if not any(part in name for part in excluded)
    )


@cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree))


@cache
def imported_names(tree: ast.Module) -> tuple[str, ...]:
    """Dotted names of all imports of a file, including those inside functions."""
    names: list[str] = []
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)


def room_of(module: str) -> tuple[str, str]:
    """App and room of a dotted module name: the longest matching room, empty for the app's own `__init__`."""
    app, _, rest = module.partition(".")
    return app, max((room for room in ROOMS[app].split() if f"{rest}.".startswith(f"{room}.")), key=len, default="")


def modules() -> dict[str, ast.Module]:
    """Dotted name → syntax tree of every module of the apps."""
    return {name.removesuffix(".py").replace("/", ".").removesuffix(".__init__"): tree for name, tree, _ in sources()}


def is_upward(importer: str, target: str) -> bool:
    """Whether `importer` must not import `target`. An app's `__init__` is its interface and may import all its rooms."""
    (app, room), (target_app, target_room) = room_of(importer), room_of(target)
    if app != target_app:
        return target_app not in APPS[app]
    order = ROOMS[app].split()
    return bool(room and target_room) and order.index(target_room) > order.index(room)


def test_every_module_is_in_a_room() -> None:
    without_room = [module for module in modules() if module not in APPS and not room_of(module)[1]]

    assert [module for module in without_room if not module.endswith(".management")] == []


def test_imports_run_downward_between_apps_and_between_rooms() -> None:
    known = modules()

    wrong = {
        f"{module} imports {target}"
        for module, tree in known.items()
        for target in imported_names(tree)
        if target in known and is_upward(module, target)
    }

    assert wrong == set()


@pytest.mark.parametrize(
    ("importer", "target", "expected"),
    [
        ("pm2.daemon.rpc_client", "pm2.monitor.daemon_monitor", True),
        ("pm2.monitor.daemon_monitor", "pm2.daemon.rpc_client", False),
        ("pm2.daemon.rpc_client", "pm2.daemon.amp", False),
        ("benchmarks.admin.charts.run", "benchmarks.admin.run_pages", True),
        ("benchmarks.admin.run_pages", "benchmarks.admin.charts.run", False),
        ("pm2.errors", "rediscluster.errors", True),
        ("benchmarks.runs.runner", "pm2.monitor.current_monitor", False),
        ("system.lib.text", "pm2site.settings", True),
    ],
)
def test_is_upward_follows_the_order_of_apps_and_rooms(importer: str, target: str, expected: bool) -> None:
    assert is_upward(importer, target) is expected


def folders() -> dict[str, list[str]]:
    """Every folder with Python modules, including tests and perf → its modules."""
    tree: dict[str, list[str]] = {}
    for top in (*APPS, "tests", "perf"):
        for file in (ROOT / top).rglob("*.py"):
            name = file.relative_to(ROOT).as_posix()
            if "/node_modules/" not in name and file.name != "__init__.py":
                tree.setdefault(file.parent.relative_to(ROOT).as_posix(), []).append(file.stem)
    return tree


def test_a_folder_holds_at_most_fourteen_modules() -> None:
    assert {folder: len(names) for folder, names in folders().items() if len(names) > MAX_MODULES} == {}


def rooms() -> dict[str, str]:
    """Every room (a folder of an app) → the first line of its docstring."""
    packages = {
        f"{app}.{room}": ROOT / app / room.replace(".", "/") for app, line in ROOMS.items() for room in line.split()
    }
    return {
        name.replace(".", "/"): (ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or "").split("\n")[
            0
        ]
        for name, folder in packages.items()
        if folder.is_dir() and not name.endswith("management.commands")
    }


def test_architecture_describes_each_room_with_the_first_line_of_its_docstring() -> None:
    rows = re.findall(r"^\| `([a-z0-9_/]+)/` \| (.+) \|$", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)

    assert {room: text for room, text in rows if room in rooms()} == rooms()
    assert all(rooms().values())


def test_an_io_library_has_one_owner() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, tree, _ in sources()
        for target in imported_names(tree)
        if name not in OWNERS.get(target.split(".")[0], {name})
    ]

    assert wrong == []


def test_an_io_call_has_one_owner() -> None:
    wrong = [
        f"{name}:{node.lineno} calls {node.func.attr}"
        for name, tree, _ in sources()
        for node in nodes(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if name not in CALLS.get(node.func.attr, {name})
    ]

    assert wrong == []


def names_no_encoding(call: ast.Call) -> bool:
    """Whether it opens a text file, or a pipe as text, in the encoding of the locale."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    keywords = {keyword.arg for keyword in call.keywords}
    mode = next((str(argument.value) for argument in call.args if isinstance(argument, ast.Constant)), "")
    is_text_file = name in ("read_text", "write_text") or (
        name in ("open", "fdopen") and re.fullmatch("[rwax+t]+", mode)
    )
    is_text_pipe = any(
        keyword.arg in ("text", "universal_newlines")
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
        for keyword in call.keywords
    )
    return bool(is_text_file or is_text_pipe) and "encoding" not in keywords


def test_every_text_file_names_its_encoding() -> None:
    wrong = [
        f"{name}:{node.lineno}"
        for name, tree, _ in sources()
        for node in nodes(tree)
        if isinstance(node, ast.Call) and names_no_encoding(node)
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("path.read_text()", True),
        ("path.read_text(encoding='utf-8')", False),
        ("path.open('a')", True),
        ("open(path, 'w')", True),
        ("path.open('rb')", False),
        ("os.fdopen(descriptor, 'w')", True),
        ("run(argv, text=True)", True),
        ("run(argv, text=True, encoding='utf-8')", False),
        ("os.open(path, flags)", False),
    ],
)
def test_a_missing_encoding_is_found(call: str, expected: bool) -> None:
    expression = ast.parse(call, mode="eval").body

    assert isinstance(expression, ast.Call)
    assert names_no_encoding(expression) is expected


def test_a_pure_module_imports_nothing_impure() -> None:
    pure = {room for room, sentence in rooms().items() if "[pure]" in sentence}
    wrong = [
        f"{name} imports {target}"
        for name, tree, _ in sources()
        if "[pure]" in (ast.get_docstring(tree) or "").split("\n\n")[0] or str(Path(name).parent) in pure
        for target in imported_names(tree)
        if target in IMPURE or (target.split(".")[0] in IMPURE)
    ]

    assert wrong == []


def test_files_and_functions_are_short() -> None:
    long_files = [f"{name}: {text.count(chr(10))} lines" for name, _, text in sources() if text.count("\n") > MAX_LINES]
    long_functions = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree, _ in sources()
        for node in nodes(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if (node.end_lineno or node.lineno) - node.lineno > MAX_FUNCTION_LINES
    ]

    assert (long_files, long_functions) == ([], [])


def test_no_module_has_a_vague_name() -> None:
    assert [name for name, _, _ in sources() if Path(name).stem in VAGUE_NAMES] == []


def test_no_shell_is_ever_used() -> None:
    wrong = [
        f"{name}:{node.value.lineno}"
        for name, tree, _ in sources()
        for node in nodes(tree)
        if isinstance(node, ast.keyword)
        and node.arg == "shell"
        and isinstance(node.value, ast.Constant)
        and node.value.value
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("app", "source", "expected"),
    [
        ("system", "import pm2.daemon.rpc_client", ["pm2.daemon.rpc_client"]),
        (
            "pm2",
            "def f():\n    from rediscluster.nodes import client",
            ["rediscluster.nodes", "rediscluster.nodes.client"],
        ),
    ],
)
def test_imports_inside_functions_are_found(app: str, source: str, expected: list[str]) -> None:
    targets = list(imported_names(ast.parse(source)))

    assert targets == expected
    assert targets[0].split(".")[0] not in APPS[app]
