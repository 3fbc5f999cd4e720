"""The run form of the page: its defaults, budgets and names of credentials are those of the server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from benchmarks.budgets.expectation import EXAMPLES, METRICS, parse_expectation
from benchmarks.errors import InvalidRunRequest
from benchmarks.generators import scenario
from benchmarks.generators.secret_headers import is_secret

pytestmark = pytest.mark.real
MODULES = Path(settings.BASE_DIR) / "pm2site" / "static" / "pm2site"
BUDGETS = [
    *EXAMPLES.values(),
    *(f"{metric}<=7{unit}" for metric, units in METRICS.items() for unit in units),
    *("p99<50m", "p99<0ms", "errors<0", "errors<=0", "errors<101%", "p99=5ms", "p98<5ms", "", "p99 < 5 \u03bcs"),
    *("p99<5ms ", "p99<" + "0" * 60, "p99<.5ms", "rate>=20 k/s", "toString<5", "p99 <\t5ms", "p99<1e3ms"),
]
HEADERS = ("Authorization", "X-Api-Key", "x-monkey", "Accept", "X-Auth", "Cookie", "Keyboard", "access_key", "X-Sid")


def evaluate(script: str, value: object) -> Any:
    """What a script makes of `value`, which is `input` there. The modules without a browser are imported by path."""
    node = shutil.which("node")
    assert node is not None, "node is not on PATH"
    source = f"const input = {json.dumps(value)};\n{script}"
    command = [node, "--input-type=module", "-e", source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=MODULES)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_defaults_are_those_of_the_server() -> None:
    cases = [
        {"profile": profile, "instances": str(instances or ""), "protocol": protocol, "pipelining": str(streams)}
        for profile in ("", *scenario.PROFILES)
        for instances in (0, 1, 2, 3, 7, 40, 100)
        for protocol, streams in (("http1", 1), ("http1", 10), ("h2", 1), ("h2", 10), ("h2", 100))
    ]
    script = """import { EMPTY, defaults } from "./views/benchmarks/form/form_values.js";
    console.log(JSON.stringify(input.map((values) => {
      const { duration, trials, connections, workers } = defaults({ ...EMPTY, ...values }, 3);
      return [trials, duration, connections, workers].map(Number);
    })));"""
    expected = []
    for case in cases:
        instances = int(case["instances"] or 3)
        streams = int(case["pipelining"]) if case["protocol"] == "h2" else 1
        trials, duration_s = scenario.resolve_profile(case["profile"] or None, None, None)
        workers = scenario.default_workers(instances)
        expected.append([trials, duration_s, scenario.default_connections(instances, streams), workers])
    assert evaluate(script, cases) == expected


def test_a_budget_is_refused_when_the_server_refuses_it() -> None:
    script = """import { expectationProblem } from "./format/expectation.js";
    console.log(JSON.stringify(input.map((text) => expectationProblem(text.trim()) === "")));"""
    assert evaluate(script, BUDGETS) == [_is_judged(text) for text in BUDGETS]


def _is_judged(text: str) -> bool:
    try:
        parse_expectation(text)
    except InvalidRunRequest:
        return False
    return True


def test_a_credential_is_recognized_by_the_same_names() -> None:
    script = """import { isSecret } from "./views/benchmarks/form/form_values.js";
    console.log(JSON.stringify(input.map(isSecret)));"""
    assert evaluate(script, HEADERS) == [is_secret(name) for name in HEADERS]


def test_a_command_takes_the_place_of_the_same_request() -> None:
    target = {
        "name": "api", "source": "pm2", "url": None, "connect": None, "ports": [8080], "insecure": False,
        "endpoints": [
            {"path": "/orders", "method": "POST", "headers": {"Accept": "a b", "X-Key": {"secret": True}}, "body": "{}",
             "expect": ["p99<50ms"]},
        ],
    }  # fmt: skip
    script = """import { EMPTY, requestOf, shellCommand } from "./views/benchmarks/form/form_values.js";
    const body = requestOf({ ...EMPTY, endpoint: "/orders", duration: "2", label: "it's" }, input);
    console.log(JSON.stringify([body, shellCommand(body, input)]));"""
    assert evaluate(script, target) == [
        {"target": "api", "endpoint": "/orders", "duration": 2, "label": "it's"},
        "python -m benchmarks --target api=http://localhost:8080/orders -m POST --header 'Accept: a b' "
        "--header @headers.txt --body '{}' -d 2 --label 'it'\\''s' --expect 'p99<50ms'",
    ]
