"""Modules that are joined behave as they did one by one."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from pm2site.web import bundle
from pm2site.web.views import VIEWS
from system.host import binaries
from tests.pm2site.web.node_module import PAGE

SOURCES = {
    "data/count.js": """let count = 0;
export function next() { count += 1; return count; }
export const STEP = 1;
export class Counter { value() { return next(); } }
export async function later() { return "later"; }
""",
    "library.js": 'export { twice as double } from "./vendor/math.js";\n',
    "actions/names.js": """import {
  next, STEP as step,
} from "../data/count.js";
export const name = () => `${next()} import { x } from "./no.js"; ${step}`;
""",
    "views/part.js": 'import * as names from "../actions/names.js";\nexport const shown = () => names.name();\n',
    "views/one.js": """import { Counter, later } from "../data/count.js";
import { double } from "../library.js";
import { shown } from "./part.js";
export const view = async () => [shown(), new Counter().value(), await later(), double(4)];
""",
    "views/two.js": 'import { next } from "../data/count.js";\nexport const view = () => next();\n',
    "routes.js": """export const load = { one: () => import("./views/one.js"), two: () => import("./views/two.js") };
""",
    "main.js": """import { next } from "./data/count.js";
import { load } from "./routes.js";
const first = next();
const one = await (await load.one()).view();
const two = (await load.two()).view();
console.log(JSON.stringify([first, one, two]));
""",
}
ENTRIES = ["views/one.js", "views/two.js"]
EXPECTED = [1, ['2 import { x } from "./no.js"; 1', 3, "later", 8], 4]


def run(files: dict[str, str], folder: Path) -> object:
    for name, source in (
        files | {"vendor/math.js": "export const twice = (n) => 2 * n;", "package.json": MODULES}
    ).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source, encoding="utf-8")
    node = binaries.find("node")
    assert node
    argv = [str(node.path), str(folder / "main.js")]
    finished = subprocess.run(argv, capture_output=True, text=True, encoding="utf-8", timeout=60, env=dict(os.environ))
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


MODULES = '{"type": "module"}'


@pytest.mark.real
def test_joined_modules_share_state_and_export_the_same(tmp_path: Path) -> None:
    bundles = bundle.joined(SOURCES, ENTRIES, "main.js")

    assert sorted(bundles) == ["core.js", "main.js", "views/one.js", "views/two.js"]
    assert run(SOURCES, tmp_path / "single") == EXPECTED
    assert run(bundles, tmp_path / "joined") == EXPECTED


def test_what_views_share_is_in_one_file() -> None:
    bundles = bundle.joined(SOURCES, ENTRIES, "main.js")

    assert {
        name: [path for path in SOURCES if f"{bundle.scope_name(path)} = " in text] for name, text in bundles.items()
    } == {
        "core.js": ["data/count.js", "library.js", "actions/names.js"],
        "main.js": ["routes.js"],
        "views/one.js": ["views/part.js"],
        "views/two.js": [],
    }


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("export default 1;\n", "main.js: export default 1;"),
        ("import './a.js';\n", "main.js: import './a.js';"),
        ('import a from "./a.js";\n', 'main.js: import a from "./a.js";'),
        ("export let count = 0;\n", "main.js: export let count = 0;"),
        ('export * from "./data/count.js";\n', 'main.js: export * from "./data/count.js";'),
    ],
)
def test_other_syntax_is_refused(source: str, problem: str) -> None:
    with pytest.raises(bundle.UnknownSyntax, match=f"^{problem.replace('*', '[*]').replace('.', '[.]')}$"):
        bundle.joined({"main.js": source}, [], "main.js")


def test_a_circle_is_refused() -> None:
    sources = {
        "main.js": 'import { a } from "./a.js";\n',
        "a.js": 'import { b } from "./main.js";\nexport const a = 1;\n',
    }

    with pytest.raises(bundle.UnknownSyntax, match=r"^Modules import each other: main\.js → a\.js → main\.js\.$"):
        bundle.joined(sources, [], "main.js")


@pytest.mark.real
def test_the_page_s_modules_can_be_joined() -> None:
    """Every one is in one file or another, and each file can be parsed."""
    sources = {
        path.relative_to(PAGE).as_posix(): bundle.without_comments(path.read_text(encoding="utf-8"))
        for path in PAGE.rglob("*.js")
        if "vendor" not in path.parts and path.name != "theme.js"
    }
    bundles = bundle.joined(sources, [f"views/{view.module}.js" for view in VIEWS], "main.js")
    node = binaries.find("node")
    assert node
    code = """import fs from "node:fs"; import vm from "node:vm";
for (const [name, text] of Object.entries(JSON.parse(fs.readFileSync(0, "utf8")))) {
  new vm.SourceTextModule(text, { identifier: name });
}"""
    argv = [str(node.path), "--experimental-vm-modules", "--no-warnings", "--input-type=module", "-e", code]
    parsed = subprocess.run(
        argv, input=json.dumps(bundles), capture_output=True, text=True, encoding="utf-8", timeout=60
    )

    assert (parsed.stderr, parsed.returncode) == ("", 0)
    joined = "".join(bundles.values())
    assert [path for path in sources if f"{bundle.scope_name(path)} = " not in joined and path not in bundles] == []
