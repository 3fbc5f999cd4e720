"""registry.toml: what it says, and what it may not say."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from pm2.errors import InvalidRegistry, UnknownFramework
from pm2.frameworks.registry import FOLDER, Availability, Endpoint, Framework, availability, parse, registry
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


def test_the_ports_are_the_originals() -> None:
    read = parse((FOLDER / "registry.toml").read_text())
    ports = {each.name: each.port for each in read.frameworks}
    assert ports == {"express": 3001, "fastify": 3002, "bun": 3003, "node": 3004, "uvicorn": 3005}


def test_all_ports_move_by_an_offset(settings: Settings) -> None:
    settings.FRAMEWORK_PORT_OFFSET = 1000
    ports = {each.name: each.port for each in registry().frameworks}
    assert ports == {"express": 4001, "fastify": 4002, "bun": 4003, "node": 4004, "uvicorn": 4005}


def test_a_port_that_cannot_be_is_named_with_its_setting() -> None:
    assert parse(ENTRY.replace("3006", "5535"), 60_000).framework("koa").port == 65535
    with pytest.raises(InvalidRegistry) as refused:
        parse(ENTRY.replace("3006", "5536"), 60_000)
    assert str(refused.value) == (
        "FRAMEWORK_PORT_OFFSET=60000 moves port 5536 of framework 'koa' to 65536; 65535 is the highest."
    )


def test_only_node_runs_in_cluster_mode_and_the_others_share_their_port() -> None:
    modes = {each.name: (each.exec_mode, each.reuse_port) for each in registry().frameworks}
    cluster, fork = ("cluster_mode", False), ("fork_mode", True)
    assert modes == {"express": cluster, "fastify": cluster, "bun": fork, "node": cluster, "uvicorn": fork}


def test_the_endpoints() -> None:
    told = [(each.method, each.path, each.body, each.needs) for each in registry().endpoints]
    assert told == [
        ("GET", "/simple", None, ()),
        ("POST", "/code", {"name": "benchmark"}, ("redis",)),
        ("GET", "/code-fast", None, ("redis", "codes")),
    ]


def test_an_entry_needs_five_keys() -> None:
    read = parse(ENTRY + ENDPOINT)
    assert read.frameworks == (KOA,)
    assert read.endpoints == (Endpoint("/simple", "GET", "simple", "", True, None, ()),)
    assert (read.framework("koa"), read.named("koa"), read.named("other")) == (KOA, KOA, None)
    assert read.endpoint("/simple", "POST") is None
    with pytest.raises(UnknownFramework, match=r"^No framework is named 'hapi'\. There are: koa\.$"):
        read.framework("hapi")


def test_an_entry_has_a_wire_form() -> None:
    assert to_wire(KOA) == {
        "name": "koa", "displayName": "koa", "port": 3006, "color": "white", "file": "node/http.mjs",
        "enabled": True, "runtime": "node", "interpreter": "node", "interpreterPath": None,
        "execMode": "fork_mode", "reusePort": False, "instances": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[frameworks]", "frameworks has to be written as [[frameworks]]."),
        ("port = 1", "the file has no key 'port'; there are frameworks, endpoints."),
        ("[[frameworks]]", "name of framework '?' is missing; it takes a text."),
        (ENTRY.replace("koa", "Koa"), "name of framework 'Koa' cannot be 'Koa': 1 to 40 of a-z, 0-9 and -, and no - in front."),
        (ENTRY.replace("koa", "-k"), "name of framework '-k' cannot be '-k': 1 to 40 of a-z, 0-9 and -, and no - in front."),
        (ENTRY.replace("port = 3006", ""), "port of framework 'koa' is missing; it takes a whole number."),
        (ENTRY.replace("3006", '"3006"'), "port of framework 'koa' is '3006'; it takes a whole number."),
        (ENTRY.replace("3006", "true"), "port of framework 'koa' is True; it takes a whole number."),
        (ENTRY.replace("3006", "0"), "port of framework 'koa' cannot be 0: 1 to 65535."),
        (ENTRY.replace("3006", "65536"), "port of framework 'koa' cannot be 65536: 1 to 65535."),
        (ENTRY + ENTRY, "name 'koa' stands in two frameworks."),
        (ENTRY + ENTRY.replace("koa", "hapi"), "port 3006 stands in two frameworks."),
        (ENTRY + 'execMode = "cluster"', "execMode of framework 'koa' cannot be 'cluster': one of fork_mode, cluster_mode."),
        (ENTRY.replace('runtime = "node"', 'runtime = "go"') + 'execMode = "cluster_mode"', "execMode of framework 'koa' cannot be 'cluster_mode': only Node runs in cluster_mode."),
        (ENTRY + "instances = 101", "instances of framework 'koa' cannot be 101: 1 to 100."),
        (ENTRY + 'enabled = "yes"', "enabled of framework 'koa' is 'yes'; it takes true, false or \"auto\"."),
        (ENTRY + "reuseport = true", "framework 'koa' has no key 'reuseport'; there are name, displayName, port, color, file, enabled, runtime, interpreter, interpreterPath, execMode, reusePort, instances."),
        (ENTRY.replace("node/http.mjs", "../errors.py"), "file of framework 'koa' cannot be '../errors.py': it has to lie in pm2/frameworks."),
        (ENTRY.replace("node/http.mjs", "/bin/sh"), "file of framework 'koa' cannot be '/bin/sh': it has to lie in pm2/frameworks."),
        (ENTRY.replace("http.mjs", "koa.mjs"), "file of framework 'koa' cannot be 'node/koa.mjs': there is no such file."),
        (ENDPOINT.replace("/simple", "simple"), "path of endpoint 'simple' cannot be 'simple': it starts with / and has no blanks."),
        (ENDPOINT + 'method = "FETCH"', "method of endpoint '/simple' cannot be 'FETCH': one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS."),
        (ENDPOINT + 'needs = ["mysql"]', "needs of endpoint '/simple' cannot be ['mysql']: a list of redis, codes."),
        (ENDPOINT + ENDPOINT, "path 'GET /simple' stands in two endpoints."),
    ],
)  # fmt: skip
def test_a_bad_entry_is_named(text: str, sentence: str) -> None:
    with pytest.raises(InvalidRegistry) as refused:
        parse(text)
    assert str(refused.value) == f"registry.toml: {sentence}"


def test_what_is_not_toml_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidRegistry, match=r"^registry\.toml: .*\(at line 2, column \d+\)\.$"):
        parse("\n[[frameworks]")


def test_a_switched_off_framework_is_not_installed() -> None:
    [framework] = parse(ENTRY + "enabled = false").frameworks
    assert availability(framework) == Availability(False, "It is switched off in registry.toml.", None)


def test_a_missing_interpreter_is_the_reason() -> None:
    framework = dataclasses.replace(KOA, interpreter="no-such-runtime")
    assert availability(framework) == Availability(False, "no-such-runtime is not on PATH.", None)


def test_a_wrong_interpreter_path_is_the_reason() -> None:
    framework = dataclasses.replace(KOA, interpreter_path="/nowhere/node")
    reason = "interpreterPath /nowhere/node is no file."
    assert availability(framework) == Availability(False, reason, None)


def test_a_compiled_server_may_have_to_be_built() -> None:
    compiled = 'file = "go/server"\ninterpreter = "none"'
    [framework] = parse(ENTRY.replace('file = "node/http.mjs"', compiled)).frameworks
    reason = "go/server is not there; it may have to be built first."
    assert availability(framework) == Availability(False, reason, None)
    built = dataclasses.replace(framework, file="node/http.mjs")
    assert availability(built) == Availability(True, None, None)


def test_python_servers_run_in_our_own_environment() -> None:
    found = availability(registry().framework("uvicorn"))
    assert found == Availability(True, None, Path(sys.executable))
