"""registry.toml: its entries, and the error for each invalid entry."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from pm2.errors import InvalidRegistry, UnknownFramework
from pm2.frameworks import node_parts
from pm2.frameworks.registry import (
    ENDPOINT_KEYS,
    FOLDER,
    FRAMEWORK_KEYS,
    Availability,
    Endpoint,
    Framework,
    check_availability,
    parse_registry,
    registry,
)
from system.lib import installation
from system.lib.wire import to_wire

ENTRY = """
[[frameworks]]
name = "koa"
port = 3006
file = "node/http.mjs"
runtime = "node"
"""
ENDPOINT = '[[endpoints]]\npath = "/simple"\n'
KOA = Framework(
    name="koa", display_name="koa", port=3006, color="white", file="node/http.mjs", enabled=True,
    runtime="node", interpreter="node", interpreter_path=None, exec_mode="fork_mode", reuse_port=False,
    instances=1,
)  # fmt: skip


def test_each_framework_has_its_port() -> None:
    parsed = parse_registry((FOLDER / "registry.toml").read_text())
    ports = {framework.name: framework.port for framework in parsed.frameworks}
    assert ports == {"express": 3001, "fastify": 3002, "bun": 3003, "node": 3004, "uvicorn": 3005}


def test_all_ports_move_by_an_offset(settings: Settings) -> None:
    settings.FRAMEWORK_PORT_OFFSET = 1000
    ports = {framework.name: framework.port for framework in registry().frameworks}
    assert ports == {"express": 4001, "fastify": 4002, "bun": 4003, "node": 4004, "uvicorn": 4005}


def test_a_port_that_cannot_be_is_named_with_its_setting() -> None:
    assert parse_registry(ENTRY.replace("3006", "5535"), 60_000).framework("koa").port == 65535
    with pytest.raises(InvalidRegistry) as refused:
        parse_registry(ENTRY.replace("3006", "5536"), 60_000)
    assert str(refused.value) == (
        "FRAMEWORK_PORT_OFFSET=60000 shifts port 5536 of framework 'koa' to 65536; the highest possible port is 65535."
    )


def test_only_node_runs_in_cluster_mode_and_the_others_share_their_port() -> None:
    modes = {framework.name: (framework.exec_mode, framework.reuse_port) for framework in registry().frameworks}
    cluster, fork = ("cluster_mode", False), ("fork_mode", True)
    assert modes == {"express": cluster, "fastify": cluster, "bun": fork, "node": cluster, "uvicorn": fork}


def test_the_endpoints() -> None:
    endpoints = [(endpoint.method, endpoint.path, endpoint.body, endpoint.needs) for endpoint in registry().endpoints]
    assert endpoints == [
        ("GET", "/simple", None, ()),
        ("POST", "/code", {"name": "benchmark"}, ("redis",)),
        ("GET", "/code-fast", None, ("redis", "codes")),
    ]


def test_an_entry_needs_five_keys() -> None:
    parsed = parse_registry(ENTRY + ENDPOINT)
    assert parsed.frameworks == (KOA,)
    assert parsed.endpoints == (Endpoint("/simple", "GET", "simple", "", True, None, ()),)
    assert (parsed.framework("koa"), parsed.framework_of("koa"), parsed.framework_of("other")) == (KOA, KOA, None)
    assert parsed.endpoint("/simple", "POST") is None
    with pytest.raises(UnknownFramework, match=r"^No framework is named 'hapi'\. Available: koa\.$"):
        parsed.framework("hapi")


def test_a_framework_as_json() -> None:
    assert to_wire(KOA) == {
        "name": "koa", "displayName": "koa", "port": 3006, "color": "white", "file": "node/http.mjs",
        "enabled": True, "runtime": "node", "interpreter": "node", "interpreterPath": None,
        "execMode": "fork_mode", "reusePort": False, "instances": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[frameworks]", "frameworks must be an array of tables, [[frameworks]]."),
        ("port = 1", "unknown key 'port' in the top level; use frameworks, endpoints."),
        ("[[frameworks]]", "name of framework '?' is missing; it must be a string."),
        (ENTRY.replace("koa", "Koa"), "name of framework 'Koa' cannot be 'Koa': 1 to 40 of a-z, 0-9 and -, not starting with -."),
        (ENTRY.replace("koa", "-k"), "name of framework '-k' cannot be '-k': 1 to 40 of a-z, 0-9 and -, not starting with -."),
        (ENTRY.replace("port = 3006", ""), "port of framework 'koa' is missing; it must be an integer."),
        (ENTRY.replace("3006", '"3006"'), "port of framework 'koa' is '3006'; it must be an integer."),
        (ENTRY.replace("3006", "true"), "port of framework 'koa' is True; it must be an integer."),
        (ENTRY.replace("3006", "0"), "port of framework 'koa' cannot be 0: 1 to 65535."),
        (ENTRY.replace("3006", "65536"), "port of framework 'koa' cannot be 65536: 1 to 65535."),
        (ENTRY + ENTRY, "duplicate name 'koa' in frameworks."),
        (ENTRY + ENTRY.replace("koa", "hapi"), "duplicate port 3006 in frameworks."),
        (ENTRY + 'execMode = "cluster"', "execMode of framework 'koa' cannot be 'cluster': one of fork_mode, cluster_mode."),
        (ENTRY.replace('runtime = "node"', 'runtime = "go"') + 'execMode = "cluster_mode"', "execMode of framework 'koa' cannot be 'cluster_mode': only Node supports cluster_mode."),
        (ENTRY + "instances = 101", "instances of framework 'koa' cannot be 101: 1 to 100."),
        (ENTRY + 'enabled = "yes"', "enabled of framework 'koa' is 'yes'; it must be true, false or \"auto\"."),
        (ENTRY + "reuseport = true", "unknown key 'reuseport' in framework 'koa'; use name, displayName, port, color, file, enabled, runtime, interpreter, interpreterPath, execMode, reusePort, instances."),
        (ENTRY.replace("node/http.mjs", "../errors.py"), "file of framework 'koa' cannot be '../errors.py': it must be inside pm2/frameworks."),
        (ENTRY.replace("node/http.mjs", "/bin/sh"), "file of framework 'koa' cannot be '/bin/sh': it must be inside pm2/frameworks."),
        (ENTRY.replace("http.mjs", "koa.mjs"), "file of framework 'koa' cannot be 'node/koa.mjs': there is no such file."),
        (ENDPOINT.replace("/simple", "simple"), "path of endpoint 'simple' cannot be 'simple': it must start with / and contain no spaces."),
        (ENDPOINT + 'method = "FETCH"', "method of endpoint '/simple' cannot be 'FETCH': one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS."),
        (ENDPOINT + 'needs = ["mysql"]', "needs of endpoint '/simple' cannot be ['mysql']: an array of redis, codes."),
        (ENDPOINT + ENDPOINT, "duplicate path 'GET /simple' in endpoints."),
    ],
)  # fmt: skip
def test_an_invalid_entry_is_named_in_the_error(text: str, message: str) -> None:
    with pytest.raises(InvalidRegistry) as caught:
        parse_registry(text)
    assert str(caught.value) == f"registry.toml: {message}"


def test_a_syntax_error_is_reported_with_its_line() -> None:
    with pytest.raises(InvalidRegistry, match=r"^registry\.toml: .*\(at line 2, column \d+\)\.$"):
        parse_registry("\n[[frameworks]")


def test_a_disabled_framework_is_not_installed() -> None:
    [framework] = parse_registry(ENTRY + "enabled = false").frameworks
    assert check_availability(framework) == Availability(False, "It is disabled in registry.toml.", None)


def test_a_missing_interpreter_is_the_reason() -> None:
    framework = dataclasses.replace(KOA, interpreter="no-such-runtime")
    assert check_availability(framework) == Availability(False, "no-such-runtime is not on PATH.", None)


def test_a_wrong_interpreter_path_is_the_reason() -> None:
    framework = dataclasses.replace(KOA, interpreter_path="/nowhere/node")
    reason = "interpreterPath /nowhere/node is not a file."
    assert check_availability(framework) == Availability(False, reason, None)


def test_a_compiled_server_may_have_to_be_built() -> None:
    compiled = 'file = "go/server"\ninterpreter = "none"'
    [framework] = parse_registry(ENTRY.replace('file = "node/http.mjs"', compiled)).frameworks
    reason = "go/server does not exist; it may have to be built first."
    assert check_availability(framework) == Availability(False, reason, None)
    built = dataclasses.replace(framework, file="node/http.mjs")
    assert check_availability(built) == Availability(True, None, None)


def test_python_servers_run_in_our_own_environment() -> None:
    assert check_availability(registry().framework("uvicorn")) == Availability(True, None, Path(sys.executable))


def test_frameworks_of_another_version_have_to_be_installed_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installation, "IS_CHECKOUT", False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    uvicorn = registry().framework("uvicorn")
    not_installed = Availability(False, f"It is not installed, or by another version. Run: {installation.SETUP}.", None)
    assert check_availability(uvicorn) == not_installed

    node_parts.copy_sources(tmp_path / "frameworks")
    assert check_availability(uvicorn) == Availability(True, None, Path(sys.executable))
    for name in ("python/server.py", "package-lock.json"):
        copy = tmp_path / "frameworks" / name
        content = copy.read_text()
        copy.write_text(content.replace("a", "b"))
        assert check_availability(uvicorn) == not_installed
        copy.write_text(content)


TOML_VALUES = st.sampled_from([
    '""', '"\\u0000"', '"' + "x" * 5000 + '"', '"../../x"', "0", "-1", "70000", "9" * 5000, "nan", "inf", "1979-05-27", "true",
    "[" * 5000, "[[1]]", "{}", '{ a = "\\u001b" }', '["redis"]', '"auto"', '"/simple"',
])  # fmt: skip


@pytest.mark.parametrize("file", ["\\u0000", "x" * 5000])
def test_a_file_that_cannot_be_a_path_is_named(file: str) -> None:
    with pytest.raises(InvalidRegistry, match="it must be inside pm2/frameworks"):
        parse_registry(ENTRY.replace("node/http.mjs", file))


def test_a_registry_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(InvalidRegistry):
        parse_registry("a = " + "[" * 100_000)


@given(st.sampled_from([*FRAMEWORK_KEYS, *ENDPOINT_KEYS, "frameworks", "x"]), TOML_VALUES | st.text(max_size=20))
def test_any_value_in_any_place_is_a_registry_or_reported(key: str, value: str) -> None:
    for text in (f"{ENTRY}{key} = {value}\n", f"{ENDPOINT}{key} = {value}\n", f"{key} = {value}\n{ENTRY}", value):
        try:
            parsed = parse_registry(text)
        except InvalidRegistry:
            continue
        json.dumps(to_wire(parsed), allow_nan=False)
