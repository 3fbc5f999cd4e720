"""The page's files: served compressed under the hash of their content, vendored unmodified, imported downward."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from pm2site.web import assets, bundle
from pm2site.web.views import VIEWS, View
from system.host import binaries
from tests.pm2site.web.node_module import PAGE

MAX_COMPRESSED = 115_000  # bytes of the files of a first load, which is less than 120 KB with the document
STYLES_AND_CHARTS = (
    "page.css", "colours.css", "theme.js", "icons/ok.svg", "vendor/uplot-1.6.32/uPlot.min.css",
    "vendor/uplot-1.6.32/uPlot.iife.min.js",
)  # fmt: skip
MAX_LINES = 300
MAX_MODULES = 14
LAYERS = ("format", "data", "actions", "parts", "views")


def own_modules() -> list[Path]:
    return [path for path in sorted(PAGE.rglob("*.js")) if "vendor" not in path.parts]


def imports() -> Iterator[tuple[str, str]]:
    """(importing, imported) by path below the page's folder."""
    for path in own_modules():
        for target in re.findall(r'from "(\.{1,2}/[^"]+)"', path.read_text(encoding="utf-8")):
            imported = (path.parent / target).resolve()
            assert imported.is_file(), f"{path.name} imports {target}, which does not exist"
            yield path.relative_to(PAGE).as_posix(), imported.relative_to(PAGE).as_posix()


def layer(path: str) -> int:
    top = path.split("/")[0]
    return LAYERS.index(top) if top in LAYERS else (-1 if top in ("preact.js", "vendor") else len(LAYERS))


def test_modules_import_downward() -> None:
    assert [pair for pair in imports() if layer(pair[1]) > layer(pair[0])] == []


def test_a_folder_holds_at_most_fourteen_modules() -> None:
    folders = Counter(path.parent.relative_to(PAGE).as_posix() for path in own_modules())

    assert {folder: count for folder, count in folders.items() if count > MAX_MODULES} == {}


def test_only_one_module_imports_the_library() -> None:
    assert [pair for pair in imports() if "vendor" in pair[1]] == [
        ("preact.js", "vendor/preact-htm-3.1.1/standalone.module.js")
    ]


def test_modules_are_short_and_say_what_they_are() -> None:
    long = [path.name for path in own_modules() if path.read_text(encoding="utf-8").count("\n") > MAX_LINES]
    silent = [path.name for path in own_modules() if not path.read_text(encoding="utf-8").startswith("// ")]

    assert (long, silent) == ([], [])


def test_vendored_files_are_those_of_their_packages() -> None:
    listed = json.loads((PAGE / "vendor/VENDOR.json").read_text(encoding="utf-8"))["packages"]
    hashes = {file["path"]: file["sha384"] for package in listed for file in package["files"]}
    present = {path.relative_to(PAGE / "vendor").as_posix() for path in (PAGE / "vendor").rglob("*") if path.is_file()}

    assert present - {"VENDOR.json", "preact-htm-3.1.1/standalone.module.d.ts"} == set(hashes)
    assert {
        path: "sha384-" + base64.b64encode(hashlib.sha384((PAGE / "vendor" / path).read_bytes()).digest()).decode()
        for path in hashes
    } == hashes
    assert [package for package in listed if not {"version", "license", "integrity", "why"} <= package.keys()] == []


def test_nothing_is_loaded_from_elsewhere_nor_made_of_text() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|dangerouslySet"
    )
    texts = {path.relative_to(PAGE).as_posix(): path.read_text(encoding="utf-8") for path in own_modules()}
    texts["page.css"] = (PAGE / "page.css").read_text(encoding="utf-8")

    assert [name for name, text in texts.items() if forbidden.search(text)] == []
    assert [
        name
        for name, text in texts.items()
        if re.search(r"""(from|import\(|fetch\(|src=|href=) ?["'`]https?:|@import|\burl\(""", text)
    ] == []


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_files_of_a_first_load_are_small(view: View) -> None:
    files = assets.current()
    loaded = [*files.modules("main.js", f"views/{view.module}.js"), *STYLES_AND_CHARTS]

    assert sum(len(files.files[path].compressed) for path in loaded) < MAX_COMPRESSED


@pytest.fixture
def client() -> Client:
    return Client(headers={"Accept-Encoding": "gzip, br"})


def test_a_file_is_compressed_and_kept_by_browsers(client: Client) -> None:
    response = client.get(assets.current().url("page.css"))

    assert (response.status_code, response.headers["Content-Encoding"]) == (200, "gzip")
    assert gzip.decompress(response.content) == (PAGE / "page.css").read_bytes()
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Type"] == "text/css; charset=utf-8"
    assert response.headers["Vary"] == "Accept-Encoding"


def test_comments_of_modules_stay_on_the_server() -> None:
    source = """// What this is.

/**
 * @param {number} count
 */
export const twice = (count) => /** @type {any} */ (2 * count); // doubled
  // alone
  const cast =
    /** @type {any} */ (1);
const url = "https://example.org/*"; /* kept */
"""

    assert bundle.without_comments(source) == (
        '\nexport const twice = (count) => (2 * count); // doubled\n  const cast =\n    (1);\nconst url = "https://example.org/*"; /* kept */\n'
    )


@pytest.mark.real
def test_modules_without_comments_are_modules() -> None:
    """Parsed, not run, in one process of node."""
    node = binaries.find("node")
    assert node
    texts = {
        path.relative_to(PAGE).as_posix(): bundle.without_comments(path.read_text(encoding="utf-8"))
        for path in own_modules()
    }
    code = """import fs from "node:fs"; import vm from "node:vm"; const wrong = [];
for (const [name, text] of Object.entries(JSON.parse(fs.readFileSync(0, "utf8")))) {
  try { new vm.SourceTextModule(text, { identifier: name }); } catch (error) { wrong.push(`${name}: ${error}`); }
}
console.log(JSON.stringify(wrong));"""
    argv = [str(node.path), "--experimental-vm-modules", "--no-warnings", "--input-type=module", "-e", code]
    finished = subprocess.run(
        argv, input=json.dumps(texts), capture_output=True, text=True, encoding="utf-8", timeout=60
    )

    assert (finished.stderr, json.loads(finished.stdout)) == ("", [])


def test_no_line_of_a_template_looks_like_a_comment() -> None:
    """Each comment that is left out stands where all templates before it have ended."""
    wrong = []
    for path in own_modules():
        source = path.read_text(encoding="utf-8")
        for match in bundle.COMMENTS.finditer(source):
            before = bundle.without_comments(source[: match.start()])
            if (not match[0].startswith("/**") and before.count("`") % 2) or match[0].count("`") % 2:
                wrong.append(f"{path.name}: {match[0][:60]}")

    assert wrong == []


def test_a_client_without_gzip_gets_the_file_as_it_is() -> None:
    response = Client().get(assets.current().url("theme.js"))

    assert "Content-Encoding" not in response.headers
    assert response.content == (PAGE / "theme.js").read_bytes()
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=1.0, *;q=0", True), ("", False), ("br", False),
        ("gzip;q=0", False), ("br;q=1.0, gzip; q=0.000", False), ("x-gzip", False),
    ],
)  # fmt: skip
def test_a_client_may_refuse_gzip(accepted: str, expected: bool) -> None:
    assert assets.accepts_gzip(accepted) is expected


@pytest.mark.parametrize("path", ["none.js", "../settings.py", "vendor/VENDOR.json", "%2e%2e/settings.py"])
def test_only_the_page_s_files_are_served(client: Client, path: str) -> None:
    assert client.get(assets.current().url(path)).status_code == 404


def test_the_address_of_another_version_is_unknown(client: Client) -> None:
    assert client.get("/static/assets/0123456789abcdef/main.js").status_code == 404
