from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from rediscluster.errors import DiskFull, ManifestUnreadable
from rediscluster.nodes import manifest
from rediscluster.nodes.manifest import Manifest, NodeRecord
from rediscluster.topology import plan
from system.host.child_processes import Identity

THREE_MASTERS = plan.make_plan(3, replicas=0, base_port=7000, max_memory_bytes=2**20, persistence="aof", max_nodes=30)
PROCESS = Identity(pid=812, started_at=1234.5, boot_id="b0")


@pytest.fixture(autouse=True)
def path(settings: Settings, tmp_path: Path) -> Path:
    """cluster.json, not created yet."""
    settings.REDIS_CLUSTER_DIR = tmp_path
    return tmp_path / manifest.FILE_NAME


def make_manifest() -> Manifest:
    return manifest.new_manifest(THREE_MASTERS, Path("/usr/bin/redis-server"), "7.0.15")


def saved_content(path: Path) -> dict[str, Any]:
    """What cluster.json holds for a valid manifest."""
    manifest.save(make_manifest())
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content


def test_a_new_manifest_has_no_processes(tmp_path: Path) -> None:
    program, link = tmp_path / "redis-check-rdb", tmp_path / "redis-server"
    program.touch()
    link.symlink_to(program)

    first, second = (manifest.new_manifest(THREE_MASTERS, link, "7.0.15") for _ in range(2))

    nodes = (NodeRecord(7000), NodeRecord(7001), NodeRecord(7002))
    assert first == Manifest(
        first.cluster_id, "creating", THREE_MASTERS, str(link), str(program.resolve()), "7.0.15", nodes
    )
    assert re.fullmatch("[0-9a-f]{16}", first.cluster_id)
    assert second.cluster_id != first.cluster_id


def test_a_manifest_is_loaded_as_it_was_saved(path: Path) -> None:
    cluster = replace(make_manifest(), state=manifest.STOPPED, keys=7, error="It broke.").with_process(7001, PROCESS)

    saved = manifest.save(cluster)

    assert (saved, manifest.load()) == (cluster, cluster)
    assert cluster.nodes == (NodeRecord(7000), NodeRecord(7001, PROCESS), NodeRecord(7002))
    assert (path.stat().st_mode & 0o777, list(path.parent.iterdir())) == (manifest.FILE_MODE, [path])


def test_a_later_manifest_replaces_the_earlier_one() -> None:
    cluster = manifest.save(make_manifest().with_process(7000, PROCESS))

    manifest.save(replace(cluster.with_process(7000, None), state=manifest.RUNNING))

    assert manifest.load() == replace(cluster, state="running", nodes=tuple(map(NodeRecord, THREE_MASTERS.ports)))


def test_without_a_file_there_is_no_manifest() -> None:
    assert manifest.load() is None


def test_without_a_folder_there_is_no_manifest(settings: Settings, tmp_path: Path) -> None:
    settings.REDIS_CLUSTER_DIR = tmp_path / "absent"

    assert manifest.load() is None


def test_a_manifest_can_be_removed_twice() -> None:
    manifest.save(make_manifest())

    manifest.remove()
    manifest.remove()

    assert manifest.load() is None


def load_refused(path: Path) -> str:
    """The message of the error, without the part that is the same for all reasons."""
    with pytest.raises(ManifestUnreadable) as caught:
        manifest.load()
    before, after = (
        f"{path} cannot be read: ",
        ". Nothing was changed. Restore it, or stop the nodes and move its folder away.",
    )
    message = str(caught.value)
    assert (message[: len(before)], message[-len(after) :]) == (before, after)
    return message[len(before) : -len(after)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ('{"format": 1', "Expecting ',' delimiter: line 1 column 13 (char 12)"),
        ("[]", "list indices must be integers or slices, not str"),
        ("null", "'NoneType' object is not subscriptable"),
        ("{}", "'format'"),
        ('{"format": 2}', "its format is 2, but only 1 is supported"),
        ('{"format": 1}', "'nodes'"),
    ],
)
def test_a_damaged_file_is_reported_with_the_reason(path: Path, content: str, reason: str) -> None:
    path.write_text(content, encoding="utf-8")

    assert load_refused(path) == reason
    assert path.read_text(encoding="utf-8") == content


@pytest.mark.parametrize(
    "name", ["cluster_id", "state", "plan", "program", "executable", "version", "nodes", "keys", "error"]
)
def test_a_missing_key_is_named(path: Path, name: str) -> None:
    content = saved_content(path)
    del content[name]
    path.write_text(json.dumps(content), encoding="utf-8")

    assert load_refused(path) == f"'{name}'"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"plan": {"size": 3}}, "Plan.__init__() got an unexpected keyword argument 'size'"),
        ({"nodes": [{"port": 7000}]}, "'process'"),
        ({"nodes": [7000]}, "'int' object is not subscriptable"),
        (
            {"nodes": [{"port": 7000, "process": {"pid": 812, "started_at": 1.5}}]},
            "Identity.__init__() missing 1 required positional argument: 'boot_id'",
        ),
    ],
)
def test_a_part_of_another_shape_is_reported(path: Path, changes: dict[str, Any], reason: str) -> None:
    path.write_text(json.dumps(saved_content(path) | changes), encoding="utf-8")

    assert load_refused(path) == reason


def test_a_file_that_is_not_text_is_reported(path: Path) -> None:
    path.write_bytes(b'{"state": "\xff"}')

    assert load_refused(path) == "'utf-8' codec can't decode byte 0xff in position 11: invalid start byte"


def test_a_folder_in_its_place_is_reported(path: Path) -> None:
    path.mkdir()

    assert load_refused(path) == f"[Errno {errno.EISDIR}] Is a directory: '{path}'"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_names_the_file(path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def write_atomically(_path: Path, _pieces: Iterable[str]) -> None:
        raise OSError(number, "No space left")

    monkeypatch.setattr(manifest, "write_atomically", write_atomically)

    with pytest.raises(DiskFull) as caught:
        manifest.save(make_manifest())

    assert str(caught.value) == f"No space left on disk: {path} could not be written. Free some and try again."


def test_another_error_of_the_disk_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def write_atomically(_path: Path, _pieces: Iterable[str]) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(manifest, "write_atomically", write_atomically)

    with pytest.raises(OSError, match="Read-only file system") as caught:
        manifest.save(make_manifest())

    assert caught.value.errno == errno.EROFS
