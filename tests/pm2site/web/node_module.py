"""Calls functions of the page's modules that need no document, by node."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from system.host import binaries
from tests.fixtures.server import ROOT

PAGE = ROOT / "pm2site/static/pm2site"


def call_all(module: str, calls: list[tuple[str, list[Any]]]) -> list[Any]:
    """The results of calls of the module's functions with their arguments as JSON, in the time zone UTC. `undefined` is
    null. One process for all of them: node takes 50 ms to start."""
    node = binaries.find("node")
    assert node
    code = (
        f"import * as module from {json.dumps((PAGE / module).as_uri())};"
        f"const calls = {json.dumps(calls)};"
        "console.log(JSON.stringify(calls.map(([name, values]) => module[name](...values) ?? null)));"
    )
    argv = [str(node.path), "--input-type=module", "-e", code]
    completed = subprocess.run(
        argv, env=os.environ | {"TZ": "UTC"}, capture_output=True, text=True, encoding="utf-8", timeout=60
    )
    assert completed.returncode == 0, completed.stderr
    result: list[Any] = json.loads(completed.stdout)
    return result


def call(module: str, function: str, *values: Any) -> Any:
    return call_all(module, [(function, list(values))])[0]
