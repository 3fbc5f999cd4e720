"""What a shell, Lua, Node or an option parser would act on, in every field of a run and of a target: it is refused, or
arrives as text where it belongs, and changes nothing else of any generator's command."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIClient

from benchmarks import generators
from benchmarks.api.run_serializers import RunRequestSerializer
from benchmarks.engine import generator_execution, run_plan
from benchmarks.engine.execution_monitor import MonitoredProcesses
from benchmarks.engine.generator_execution import Execution, GeneratorProgram
from benchmarks.engine.run_spec import RunSpec
from benchmarks.models import StoredTarget
from benchmarks.runs import run_request
from benchmarks.targets import registered
from benchmarks.targets.registered import Apps
from system.lib.errors import ReportedError

CORPUS = (
    "$(id)", "`id`", "';id;'", '";id;"', "a;id", "a|id", "a&&id", "a\nid", "a\r\nX-Smuggled: 1", "a\x00b", "--script=/tmp/x",
    "-s/tmp/x", "--help", "-H", "@/etc/passwd", "/etc/passwd", "file:///etc/passwd", "../../../etc/passwd", "%0d%0aX: 1",
    "%00", '"]]os.execute("id")--', '\\"..os.execute("id")..\\"', "\\010X: 1", "\\x0aX", "]]", "--[[", "${7*7}", "{{7*7}}",
    "%{7*7}", "$HOME", "~root", "*", "a b", "a\tb", "\x1b[2J", "\u202eevil", "\uff07;id", "\ud800", "a\u2028b", "é", "[<id>]",
    "__proto__", "constructor", "=", ":", "a=b", "a: b", "a,b", "#", "?", "[0]", "NaN", "1e999", "null", "\\", "'", '"',
)  # fmt: skip
HARMLESS = "PLACEHOLDER"
HARMLESS_OF = {"endpoint": "/PLACEHOLDER", "path": "/PLACEHOLDER", "bodyBase64": "UExBQ0VIT0xERVI="}
LITERAL = rb'"((?:\\\d{3})*)"'
HERE = "127.0.0.1:8099"

Fields = dict[str, Any]
Build = Callable[[str], Fields]


def endpoint(**fields: Any) -> Fields:
    return {"pm2": "api", "ports": [8099], "endpoints": [{"path": "/", **fields}]}


def api(**fields: Any) -> Fields:
    return {"target": "api", **fields}


RUN: Mapping[str, Build] = {
    "target": lambda text: {"target": text},
    "framework": lambda text: {"framework": text},
    "host": lambda text: {"framework": "express", "host": text},
    "url": lambda text: {"url": text, "name": "x"},
    "host of the url": lambda text: {"url": f"http://{text}/", "name": "x", "connect": HERE},
    "path of the url": lambda text: {"url": f"http://{HERE}/{text}", "name": "x"},
    "query of the url": lambda text: {"url": f"http://{HERE}/?{text}", "name": "x"},
    "name": lambda text: {"url": f"http://{HERE}/", "name": text},
    "connect": lambda text: {"url": f"http://{HERE}/", "name": "x", "connect": text},
    "insecure": lambda text: api(insecure=text),
    "protocol": lambda text: api(protocol=text),
    "endpoint": lambda text: api(endpoint=text),
    "end of the endpoint": lambda text: api(endpoint=f"/{text}"),
    "method": lambda text: api(method=text),
    "header's name": lambda text: api(headers={text: "1"}),
    "header's value": lambda text: api(headers={"X-Custom": text}),
    "credential": lambda text: api(headers={"X-Api-Key": text}),
    "body": lambda text: api(method="POST", body=text),
    "body as JSON": lambda text: api(method="POST", body={"name": text}),
    "bodyBase64": lambda text: api(method="POST", bodyBase64=text),
    "generator": lambda text: api(generator=text),
    "profile": lambda text: api(profile=text),
    "label": lambda text: api(label=text),
    "expect": lambda text: api(expect=[text]),
    "duration": lambda text: api(duration=text),
    "rate": lambda text: api(rate=text),
}
TARGET: Mapping[str, Build] = {
    "pm2": lambda text: {"pm2": text, "ports": [8099]},
    "url": lambda text: {"url": text},
    "host of the url": lambda text: {"url": f"http://{text}", "connect": HERE},
    "path of the url": lambda text: {"url": f"http://{HERE}/{text}"},
    "connect": lambda text: {"url": f"http://{HERE}", "connect": text},
    "ports": lambda text: {"pm2": "api", "ports": [text]},
    "insecure": lambda text: {"pm2": "api", "insecure": text},
    "protocol": lambda text: {"pm2": "api", "protocol": text},
    "path": lambda text: endpoint(path=text),
    "end of the path": lambda text: endpoint(path=f"/{text}"),
    "method": lambda text: endpoint(method=text),
    "header's name": lambda text: endpoint(headers={text: "1"}),
    "header's value": lambda text: endpoint(headers={"X-Custom": text}),
    "credential": lambda text: endpoint(headers={"Authorization": text}),
    "body": lambda text: endpoint(method="POST", body=text, contentType="text/plain"),
    "bodyBase64": lambda text: endpoint(method="POST", bodyBase64=text),
    "contentType": lambda text: endpoint(method="POST", body="x", contentType=text),
    "expectStatus": lambda text: endpoint(expectStatus=[text]),
    "description": lambda text: endpoint(description=text),
    "expect": lambda text: endpoint(expect=[text]),
}
REFUSED = {
    "target", "framework", "host", "url", "connect", "insecure", "protocol", "method", "generator", "profile", "expect",
    "duration", "rate", "ports", "expectStatus",
}  # fmt: skip


@pytest.fixture(autouse=True)
def an_app(db: None, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.BENCH_TARGETS = (HERE,)
    monkeypatch.setattr(registered, "fetch_apps", lambda: Apps(online=("api", HARMLESS, *CORPUS)))
    StoredTarget.objects.create(name="api", pm2="api", ports=[8099], endpoints=[])


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The generators are not started."""
    monkeypatch.setattr(generator_execution, "installed_generators", lambda: list(generators.PREFERENCE))
    monkeypatch.setattr(generator_execution, "find_program", lambda name: GeneratorProgram(name, "1", (name,)))


def spec_of_run(fields: Fields) -> RunSpec | None:
    """None if the request is refused."""
    body = RunRequestSerializer(data=fields)
    try:
        body.is_valid(raise_exception=True)
        return run_request.build_spec(body.validated_data)
    except (ValidationError, ReportedError):
        return None


def spec_of_target(fields: Fields) -> RunSpec | None:
    """Of a run of a target that was stored with these fields; None if it is refused."""
    client, body = APIClient(headers={"Host": "localhost"}), json.dumps(fields)
    response = client.put("/api/benchmark/targets/own", body, content_type="application/json")
    assert response.status_code in (200, 400), response.content
    return spec_of_run({"target": "own"}) if response.status_code == 200 else None


def command(spec: RunSpec, name: str, folder: Path) -> tuple[list[str], list[bytes]]:
    """The arguments and the texts in the input file of a generator: for wrk the script without its literals, and these;
    for autocannon the names and values of its JSON."""
    plan = run_plan.make_plan(replace(spec, generator=name))
    argv = Execution(plan.program, plan.scenario(1), MonitoredProcesses(), 1)._argv(folder)
    file = folder / "script"
    content = file.read_bytes() if file.exists() else b""
    file.unlink(missing_ok=True)
    if name == "autocannon":
        options = json.loads(content)
        headers = [text.encode() for header in options["headers"].items() for text in header]
        return argv, [*headers, base64.b64decode(options["body"]), str(sorted(options)).encode()]
    if name != "wrk":
        return argv, [content]
    literals = re.findall(LITERAL, content)
    return argv, [re.sub(LITERAL, b"TEXT", content), *(bytes(map(int, one.split(b"\\")[1:])) for one in literals)]


def expected(field: str, text: str) -> tuple[str, str]:
    """What stands in a command for HARMLESS, and what for `text`."""
    if field == "host of the url":
        return HARMLESS.lower(), text.lower()
    if field == "body as JSON":
        return HARMLESS, json.dumps(text)[1:-1]
    return HARMLESS_OF.get(field, HARMLESS), text


def check(field: str, build: Build, spec_of: Callable[[Fields], RunSpec | None], folder: Path) -> list[str]:
    """The texts that are accepted. Their commands are those of a harmless text with the one in place of the other."""
    harmless = spec_of(build(HARMLESS_OF.get(field, HARMLESS)))
    accepted = []
    for text in CORPUS:
        if field == "host of the url" and set(text) & set("/?["):
            continue  # a path, or brackets that are no part of an address
        if (spec := spec_of(build(text))) is None:
            continue
        assert harmless, text
        accepted.append(text)
        able = [name for name in generators.GENERATORS if not generators.refusal(name, spec.headers)]
        assert spec.generator in able
        before, after = expected(field, text)
        sent = (base64.b64decode(one) if field == "bodyBase64" else one.encode() for one in (before, after))
        before_bytes, after_bytes = sent
        for name in able:
            (argv, texts), (harmless_argv, harmless_texts) = (
                command(spec, name, folder),
                command(harmless, name, folder),
            )
            assert argv == [word.replace(before, after) for word in harmless_argv]
            assert texts == [one.replace(before_bytes, after_bytes) for one in harmless_texts]
            assert field != "credential" or not any(HARMLESS in word for word in harmless_argv)
    return accepted


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("field", RUN)
def test_no_field_of_a_run_changes_anything_else(field: str, tmp_path: Path) -> None:
    accepted = check(field, RUN[field], spec_of_run, tmp_path)

    assert bool(accepted) == (field not in REFUSED), accepted


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("field", TARGET)
def test_no_field_of_a_target_changes_anything_else(field: str, tmp_path: Path) -> None:
    accepted = check(field, TARGET[field], spec_of_target, tmp_path)

    assert bool(accepted) == (field not in REFUSED), accepted
