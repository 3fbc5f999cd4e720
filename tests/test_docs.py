"""The documents match the program: settings, commands, endpoints, streams, keys, files, links."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError

from benchmarks.budgets.expectation import METRICS
from benchmarks.cli import arguments as arguments_of_benchmarks
from benchmarks.cli import conclusion
from benchmarks.cli.arguments import build_parser
from benchmarks.generators.scenario import PROFILES
from dashboard_client import Client, config
from dashboard_client.commands import arguments
from dashboard_client.tui.model.keymap import BINDINGS, CONTEXT_TITLES, key_label
from pm2site.asgi import STREAMS
from pm2site.live.connections import REVOCATION_CHECK_S
from pm2site.live.messages import MAX_INTERVAL_MS, MIN_INTERVAL_MS, Close
from rediscluster.api.serializers import SetupSerializer
from system.lib.feed import Feed
from tests.parity.api import operations
from tests.parity.commands import client_parser, parsers_by_path

ROOT = Path(__file__).resolve().parent.parent
PARITY = "docs/parity.md"  # python -m tests.parity
EDGES = "docs/edges.md"  # a record of what earlier versions did, with commands that must not work
USER_DOCUMENTS = (
    "README.md",
    *sorted(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md") if f"docs/{file.name}" != EDGES),
)
DOCUMENTS = (*USER_DOCUMENTS, "ARCHITECTURE.md", "CONTRIBUTING.md")
MAKE_TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
SERVER_COMMANDS = set(get_commands())
PROGRAMS = {
    "pm2site": ["python", "manage.py"],
    "pm2site-dashboard": ["python", "-m", "dashboard_client"],
    "pm2site-benchmark": ["python", "-m", "benchmarks"],
}
COMMAND_WORDS = {"make", "python", "pip", "curl", *PROGRAMS}


def read(document: str) -> str:
    return (ROOT / document).read_text()


def rows(document: str, heading: str | None = None) -> list[list[str]]:
    """The cells of every table row of a document, or of the section under `heading`."""
    text = read(document)
    if heading:
        text = re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def in_code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def without_fenced_blocks(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)


def fenced_blocks(text: str) -> list[str]:
    """The content of the fenced blocks without a language: commands, and what they print."""
    return re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


# --- Settings ----------------------------------------------------------------------------------------------


def read_settings() -> dict[str, ast.Call]:
    """Environment variable → the call in settings.py that reads it."""
    tree = ast.parse((ROOT / "pm2site" / "settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        str(call.args[0].value): call
        for call in calls
        if ast.unparse(call.func).startswith("env.") and isinstance(call.args[0], ast.Constant)
    }


def literal_default(call: ast.Call) -> str | None:
    """The default as the table writes it; None if it is computed or described in words."""
    kind = ast.unparse(call.func)
    if len(call.args) > 1:
        value = call.args[1].value if isinstance(call.args[1], ast.Constant) else None
        return None if value is None else str(int(value)) if isinstance(value, bool) else str(value)
    return {"env.flag": "0", "env.comma_separated": "none"}.get(kind)


def client_settings() -> dict[str, str]:
    """Environment variable that the client reads → its default."""
    source = (ROOT / "dashboard_client" / "config.py").read_text()
    defaults = {
        "API_SERVER": config.DEFAULT_SERVER,
        "API_TIMEOUT": f"{config.DEFAULT_TIMEOUT_S:g}",
        "API_RECONNECT_MAX": f"{config.DEFAULT_RECONNECT_MAX_S:g}",
        "API_KEY": "none",
        "DASHBOARD_DEBUG": "0",
    }
    return {name: defaults[name] for name in re.findall(r'environ(?:\.get\(|, )"([A-Z0-9_]+)"', source)}


def setting_rows(heading: str) -> dict[str, str]:
    """Variable → default, up to the first semicolon."""
    return {row[0].strip("`"): row[1].split(";")[0].strip("`") for row in rows("docs/install.md", heading)[1:]}


def test_every_setting_of_the_server_has_a_row() -> None:
    assert set(setting_rows("Settings of the server")) == set(read_settings())


def test_the_rows_of_settings_have_the_defaults_of_the_code() -> None:
    written = setting_rows("Settings of the server")
    defaults = {name: literal_default(call) for name, call in read_settings().items()}
    literal = {name: default for name, default in defaults.items() if default is not None}

    assert {name: written[name] for name in literal} == literal
    assert {"API_PORT", "API_OPEN", "API_ALLOWED_HOSTS", "LOG_LEVEL"} <= set(literal)


def test_every_setting_of_the_client_has_a_row_with_its_default() -> None:
    assert setting_rows("Settings of the clients") == client_settings()


@pytest.mark.parametrize("document", USER_DOCUMENTS)
def test_a_document_names_only_settings_that_are_read(document: str) -> None:
    text = read(document)
    code = " ".join([*fenced_blocks(text), *in_code(without_fenced_blocks(text))])
    named = set(re.findall(r"(?<![$\w])([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b", code))

    assert named - {*read_settings(), *client_settings()} == set()


# --- Commands ----------------------------------------------------------------------------------------------


def commands(text: str) -> Iterator[list[str]]:
    """The words of every command in fenced blocks and code spans, without variables and comments before and after."""
    prose = without_fenced_blocks(text)
    for line in [*(line for block in fenced_blocks(text) for line in block.splitlines()), *in_code(prose)]:
        for part in re.sub(r"(^|\s)#.*", "", line).split(" && "):
            command = re.sub(r"^(?:[A-Z_]+=\S+ )+", "", part.strip())
            if command.split(" ")[0] in COMMAND_WORDS and "→" not in command:
                yield [word for word in shlex.split(command) if word != "…"]


def is_valid(words: list[str]) -> bool:
    """Whether the program that a command names accepts it; True for placeholders and other people's programs."""
    words = [*PROGRAMS.get(words[0], words[:1]), *words[1:]]
    try:
        match words:
            case ["python", "manage.py", "COMMAND"] | ["python"] | ["python", "manage.py"]:
                return True
            case ["python", "manage.py", name, *options]:
                if name in SERVER_COMMANDS and name in get_commands():
                    load_command_class(get_commands()[name], name).create_parser("manage.py", name).parse_args(options)
                return name in SERVER_COMMANDS
            case ["python", "-m", "dashboard_client", *options]:
                arguments.parse(options)
            case ["python", "-m", "benchmarks", *options]:
                build_parser().parse_args(options)
            case ["python", "-m", module]:
                path = ROOT / module.replace(".", "/")
                return path.with_suffix(".py").exists() or (path / "__main__.py").exists()
            case ["make", *targets]:
                return {target for target in targets if "=" not in target} <= MAKE_TARGETS
            case ["pip", "install", "-r", file]:
                return (ROOT / file).exists()
            case ["pip", "install", package]:
                return package in ("pm2site", "pm2site[server]")
            case ["curl", *options]:
                return curl_operation(options) in {*operations(), ("GET", "…")}
    except CommandError:
        return False
    except SystemExit as error:
        return error.code == 0
    return True


def curl_operation(options: list[str]) -> tuple[str, str]:
    """The method and the path of a curl command, `…` for a command without an address."""
    addresses = [option for option in options if re.match(r"(http://)?[\w.]+:\d+/", option)]
    method = options[options.index("-X") + 1] if "-X" in options else "POST" if "-d" in options else "GET"
    return method, "/" + addresses[0].removeprefix("http://").split("/", 1)[1].partition("?")[0] if addresses else "…"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_programs_accept_the_commands_of_the_documents(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert [" ".join(words) for words in commands(read(document)) if not is_valid(words)] == []


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("make run", True),
        ("make runs", False),
        ("API_PORT=8000 make run # comment", True),
        ("python manage.py serve --port 8000", True),
        ("python manage.py serve --prot 8000", False),
        ("python manage.py serv", False),
        ("pm2site setup", True),
        ("pm2site-dashboard run pm2 start fastify -i 2", True),
        ("python -m dashboard_client run pm2 begin fastify", False),
        ("python -m benchmarks -f fastify …", True),
        ("pm2site-benchmark --framework", False),
        ("curl localhost:3100/api/pm2/stats", True),
        ("curl localhost:3100/api/pm2/stat", False),
        ("curl localhost:3100/api/pm2/start", False),
        ("pip install 'pm2site[server]'", True),
        ("pip install -r requirements-servers.txt", False),
    ],
)
def test_a_command_that_does_not_exist_is_found(
    command: str, expected: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    [words] = commands(f"```\n{command}\n```\n")

    assert is_valid(words) is expected


def test_make_has_the_targets_that_the_documents_are_written_for() -> None:
    assert {
        "help", "setup", "run", "dev", "demo", "admin", "dashboard", "test", "test-fast", "browser", "coverage", "check",
        "bench", "harden", "lint", "fmt", "lock", "clean",
    } == MAKE_TARGETS  # fmt: skip


def test_the_options_of_setup_are_those_of_the_api_and_the_command_line() -> None:
    options = rows("docs/redis.md", "Options of setup")[1:]
    parser = load_command_class("rediscluster", "rediscluster").create_parser("manage.py", "rediscluster")
    flags = [flag for row in options for flag in in_code(row[1])]
    values = {"--persistence": "rdb", "--allow-no-failover": None, "--preview": None}

    assert {row[0].strip("`") for row in options} == set(SetupSerializer().fields)
    for flag in flags:
        value = values.get(flag, "6")
        parser.parse_args(["setup", flag, *([value] if value else [])])  # exits if the flag does not exist


# --- API ---------------------------------------------------------------------------------------------------


def test_every_endpoint_has_a_row() -> None:
    named = re.findall(r"^\| `([A-Z]+) (/\S+)` \|", read("docs/api.md"), re.MULTILINE)

    assert set(named) == operations()
    assert len(named) == len(set(named))


@pytest.mark.parametrize("document", [*USER_DOCUMENTS, "ARCHITECTURE.md"])
def test_an_endpoint_that_a_document_names_exists(document: str) -> None:
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[\w./{}-]+)", read(document))
    known = {(method, path.replace("{run_id}", "ID")) for method, path in operations()} | operations()

    assert [operation for operation in named if operation not in known] == []


def test_the_error_codes_exist() -> None:
    source = "\n".join(
        file.read_text() for app in ("system", "pm2", "rediscluster", "benchmarks", "monitoring", "pm2site")
        for file in (ROOT / app).rglob("*.py") if "node_modules" not in file.parts
    )  # fmt: skip
    classes = {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() for name in re.findall(r"class (\w+)", source)}
    codes = [code for row in rows("docs/api.md", "Errors")[1:] for code in in_code(row[2])]

    assert [code for code in codes if code not in classes and f'"{code}"' not in source] == []
    assert len(codes) > 20


def test_the_streams_have_a_row_each_with_their_filters() -> None:
    table = {
        row[0].strip("`"): in_code(row[2])
        for row in rows("docs/api.md", "WebSocket")
        if ":" in row[0] or "activity" in row[0]
    }

    assert table == {name: list(source.filters) if isinstance(source, Feed) else [] for name, source in STREAMS.items()}
    assert f"from {MIN_INTERVAL_MS} ms to {MAX_INTERVAL_MS // 1000} s" in read("docs/api.md")


def test_the_close_codes_of_the_websocket_have_a_row_each() -> None:
    named = {int(row[0]) for row in rows("docs/api.md", "WebSocket") if row[0].isdigit()}

    assert named == set(Close) - {Close.NORMAL, Close.FORBIDDEN}  # the server never closes with FORBIDDEN


def test_the_profiles_are_those_of_the_code() -> None:
    text = " ".join(read("docs/benchmarks.md").split())
    named = re.findall(r"`(quick|standard|rigorous|sweep)` (?:is )?(?:at most )?(\d+) × (\d+) s", text)

    assert named == [(name, str(profile.trials), f"{profile.duration_s:g}") for name, profile in PROFILES.items()]


def test_the_checks_of_a_run_have_a_row_each() -> None:
    sources = ("analysis/gates.py", "sweeps/progress.py")
    text = "".join((ROOT / "benchmarks" / source).read_text() for source in sources)
    codes = re.findall(r'[gG]ate\(\s*"([a-z-]+)"', text)

    assert {row[0].strip("`") for row in rows("docs/benchmarks.md", "The checks")[1:]} == set(codes)


# --- Dashboard ---------------------------------------------------------------------------------------------


def test_the_exit_codes_are_in_the_order_of_their_precedence() -> None:
    codes = [int(cells[0]) for cells in rows("docs/benchmarks.md", "From another machine") if cells[0].isdigit()]

    assert codes == list(conclusion.BY_PRECEDENCE)
    assert re.findall(r"\b(\d) ", arguments_of_benchmarks.EPILOG.split("Exit codes")[1]) == [
        str(code) for code in codes
    ]


def test_the_metrics_of_a_budget_have_a_row_each_with_their_units() -> None:
    documented = {
        name: in_code(cells[1])
        for cells in reversed(rows("docs/benchmarks.md", "Budgets"))
        for name in in_code(cells[0])
    }
    units = {
        name: [unit for unit in units if unit and unit not in ("µs", "k/s", "M/s")] for name, units in METRICS.items()
    }

    assert {name: documented[name] for name in METRICS} == units


def test_the_keys_are_those_of_the_dashboard() -> None:
    keys = {
        (CONTEXT_TITLES[binding.context], key_label(key), binding.help) for binding in BINDINGS for key in binding.keys
    }
    named = [(row[0], row[1].strip("`"), row[2]) for row in rows("docs/dashboard.md", "Keys")[1:]]

    assert [row for row in named if row not in keys] == []
    assert len(named) > 20


def test_the_commands_without_the_screen_are_all_listed() -> None:
    [block] = [block for block in fenced_blocks(read("docs/dashboard.md")) if "run quickstart" in block]
    listed = [tuple(line.split("#")[0].split()[3:]) for line in block.splitlines()]
    paths = parsers_by_path(client_parser())

    assert {path for path in paths if not any(words[: len(path)] == path for words in listed)} == set()
    assert {("run", "quickstart"), ("run", "pm2", "start"), ("run", "redis", "clean")} <= set(paths)


def test_the_dashboards_requests_without_a_command_are_all_named() -> None:
    """PM2's verbs have one table for commands and menus; the other requests are built in one module."""
    requests = set(re.findall(r'"((?:redis|benchmark)_\w+)"', read("dashboard_client/tui/model/server_requests.py")))
    commands = {"_".join(path[1:]).replace("bench_", "benchmark_") for path in parsers_by_path(client_parser())}
    named = set(re.findall(r"`(benchmark_\w+)`", read("docs/dashboard.md")))

    assert {"redis_setup", "benchmark_run"} <= requests & commands
    assert requests - commands == named
    assert [name for name in named if not hasattr(Client, name)] == []


def test_the_delay_of_a_revocation_is_documented() -> None:
    assert f"--revoke       # closes its WebSockets within {REVOCATION_CHECK_S:g} s\n" in read("docs/access.md")


def test_the_options_of_the_dashboard_are_all_listed() -> None:
    flags = {flag for action in client_parser()._actions for flag in action.option_strings} - {"-h", "--help"}

    assert {row[0].strip("`") for row in rows("docs/dashboard.md", "In the terminal")[1:]} == flags


# --- Form --------------------------------------------------------------------------------------------------


def test_the_readme_is_short() -> None:
    assert len(read("README.md").splitlines()) <= 110


@pytest.mark.parametrize("document", [*DOCUMENTS, "CHANGELOG.md"])
def test_lines_are_at_most_120_characters_long(document: str) -> None:
    """Rows that are generated, or as long as the docstrings that they repeat, excepted."""
    is_generated = document in ("ARCHITECTURE.md", PARITY)

    long_lines = [line for line in read(document).splitlines() if len(line) > 120]
    assert [line for line in long_lines if not (is_generated and line[0] == "|")] == []


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files_and_headings(document: str) -> None:
    links = re.findall(r"\]\(((?!https?:)[^)#\s]*)(?:#([^)\s]+))?\)", read(document))
    broken = []
    for file, anchor in links:
        target = ((ROOT / document).parent / file) if file else ROOT / document
        if not target.is_file() or (anchor and anchor not in anchors(target.read_text())):
            broken.append((file, anchor))

    assert broken == []


def test_every_document_is_linked_from_the_readme() -> None:
    assert [document for document in (*USER_DOCUMENTS[1:], EDGES) if f"]({document})" not in read("README.md")] == []


def test_architecture_names_files_that_exist() -> None:
    paths = re.findall(
        r"`((?:system|pm2|pm2site|rediscluster|benchmarks|dashboard_client|tests|perf)/[\w/.*]+)`",
        read("ARCHITECTURE.md"),
    )

    assert [path for path in paths if not list(ROOT.glob(path.rstrip("/")))] == []
