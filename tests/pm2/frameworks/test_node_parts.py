from __future__ import annotations

from pathlib import Path

import pytest

from pm2.frameworks import node_parts
from pm2.frameworks.registry import FOLDER
from system.host import binaries
from system.host.binaries import Binary


def files_of(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_the_servers_and_the_lock_file_are_copied_and_can_be_copied_again(tmp_path: Path) -> None:
    for _ in range(2):
        node_parts.copy_sources(tmp_path)

    assert files_of(tmp_path) == {
        ".npmrc", "package.json", "package-lock.json", "bun/server.ts", "python/codes.py", "python/server.py",
        "node/answers.mjs", "node/codes.mjs", "node/ending.mjs", "node/express.mjs", "node/fastify.mjs",
        "node/http.mjs",
    }  # fmt: skip
    assert (tmp_path / "package-lock.json").read_bytes() == (FOLDER / "package-lock.json").read_bytes()


def test_a_copy_of_a_read_only_package_is_writable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package, copy = tmp_path / "package", tmp_path / "copy"
    (package / "node").mkdir(parents=True)
    (package / "node" / "http.mjs").write_text("")
    for path in (package / "node" / "http.mjs", package / "node", package):
        path.chmod(path.stat().st_mode & 0o555)
    monkeypatch.setattr(node_parts, "FOLDER", package)

    node_parts.copy_sources(copy)

    assert [path.stat().st_mode & 0o200 for path in (copy, copy / "node", copy / "node" / "http.mjs")] == [0o200] * 3


@pytest.mark.parametrize(
    ("version", "has_script", "expected"),
    [
        ("22.1.0", True, ["bin/node", "lib/node_modules/npm/bin/npm-cli.js"]),
        ("22.1.0", False, ["path/npm"]),
        ("18.20.0", True, None),
        ("unknown", True, None),
    ],
)
def test_npm_is_that_of_the_node_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, has_script: bool, expected: list[str] | None
) -> None:
    script = tmp_path / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm = tmp_path / "path" / "npm"
    for file in [npm, *([script] if has_script else [])]:
        file.parent.mkdir(parents=True)
        file.touch(0o755)
    monkeypatch.setenv("PATH", str(npm.parent))
    monkeypatch.setattr(binaries, "find", lambda name: Binary(tmp_path / "bin" / name, version, "PATH"))

    assert node_parts.npm_argv() == (expected and [str(tmp_path / part) for part in expected])


def test_without_node_there_is_no_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find", lambda name: None)

    assert node_parts.npm_argv() is None
