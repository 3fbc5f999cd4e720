"""The page's table of actions, read by node, and which of them the tests in Chromium perform."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from system.host import binaries

ROOT = Path(__file__).resolve().parents[2]

TABLE = ROOT / "pm2site/static/pm2site/actions/table.js"
TESTS = ROOT / "tests/browser"
# What the modules of the actions read of a document when they are imported.
DOCUMENT = """
const state = %s;
globalThis.document = {
  getElementById: () => ({ textContent: JSON.stringify(state) }), querySelector: () => null, addEventListener() {},
  documentElement: { dataset: {} }, hidden: true,
};
globalThis.location = { pathname: "/", search: "", origin: "http://localhost:3100", host: "localhost:3100" };
globalThis.addEventListener = () => {};
globalThis.localStorage = { getItem: () => null, setItem() {} };
"""
READ_ACTIONS = """
console.log(JSON.stringify(ACTIONS.map(({ id, group, verb, endpoint = "", isMutating, keys = [], command }) =>
  ({ id, group, verb, endpoint, isMutating, keys, has_command: Boolean(command) }))));
"""
READ_COMMANDS = """
const samples = %s;
console.log(JSON.stringify(samples.map(([id, of]) => ACTIONS.find((action) => action.id === id).command(of ?? undefined))));
"""


@dataclass(frozen=True, slots=True)
class BrowserAction:
    """A row of the page's table. `endpoint`: method and path, empty for what the page does by itself."""

    id: str
    group: str
    verb: str
    endpoint: str
    is_mutating: bool
    keys: tuple[str, ...]
    has_command: bool


def _run_node(code: str, responses: Mapping[str, Any]) -> Any:
    """What the code prints as JSON, with the table as `ACTIONS` and `responses` of the API embedded in the page."""
    node = binaries.require("node")
    state = json.dumps({"responses": responses, "version": "0"})
    script = (
        f"{DOCUMENT % state} const {{ ACTIONS }} = await import({json.dumps(TABLE.as_uri())}); {code} process.exit(0);"
    )
    argv = [str(node.path), "--input-type=module", "-e", script]
    completed = subprocess.run(
        argv, env=os.environ | {"TZ": "UTC"}, capture_output=True, text=True, encoding="utf-8", timeout=60
    )
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)


@cache
def actions() -> Mapping[str, BrowserAction]:
    """By id, in the order of the table."""
    rows = _run_node(READ_ACTIONS, {})
    return {
        row["id"]: BrowserAction(
            row["id"], row["group"], row["verb"], row["endpoint"], row["isMutating"], tuple(row["keys"]), row["has_command"]
        )
        for row in rows
    }  # fmt: skip


def command_lines(samples: Sequence[tuple[str, Any]], responses: Mapping[str, Any]) -> list[str]:
    """The command line that the page offers for each action with its subject, a value of JSON or None."""
    lines: list[str] = _run_node(READ_COMMANDS % json.dumps(samples), responses)
    return lines


def performed_in(source: str) -> set[str]:
    """The arguments of every mark `performs` in a test module."""
    return {
        str(argument.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "performs"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }


@cache
def performed(folder: Path = TESTS) -> frozenset[str]:
    """The ids of the actions that a test performs in Chromium."""
    files = [file for file in folder.rglob("test_*.py") if "node_modules" not in file.parts]
    return frozenset(id for file in files for id in performed_in(file.read_text(encoding="utf-8")))
