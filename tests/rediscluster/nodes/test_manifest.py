from __future__ import annotations

import errno
import json
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from rediscluster.errors import DiskFull, ManifestUnreadable
from rediscluster.nodes import manifest
from rediscluster.nodes.manifest import Manifest, NodeRecord
from rediscluster.topology import plan
from system.host.child_processes import Identity
from system.lib.text import is_printable

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
        ('{"format": 1}', "'plan'"),
        ("[" * 100_000, "maximum recursion depth exceeded while decoding a JSON array from a unicode string"),
        (" " * 2**20 + "{}", "it has 1,048,578 bytes"),
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


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cluster_id": 7}, "'cluster_id' is 7"),
        ({"cluster_id": "\ud800"}, r"'cluster_id' is '\ud800'"),
        ({"state": "broken"}, "its state is 'broken'"),
        ({"state": None}, "'state' is None"),
        ({"program": ["redis-server"]}, "'program' is ['redis-server']"),
        ({"keys": "many"}, "'keys' is 'many'"),
        ({"keys": True}, "'keys' is True"),
        ({"keys": 1.0}, "'keys' is 1.0"),
        ({"keys": -1}, "'keys' is -1"),
        ({"keys": 10**30}, f"'keys' is {10**30}"),
        ({"error": 7}, "'error' is 7"),
        ({"nodes": {}}, "its nodes are not those of its plan"),
        ({"nodes": [{"port": 7000, "process": None}]}, "its nodes are not those of its plan"),
        ({"nodes": [{"port": "../../etc", "process": None}]}, "'port' is '../../etc'"),
        ({"nodes": [{"port": 7000, "process": {"pid": 1, "started_at": 1, "boot_id": "b"}}]}, "a process of its nodes is not one"),
        ({"nodes": [{"port": 7000, "process": {"pid": 9, "started_at": "1", "boot_id": "b"}}]}, "a process of its nodes is not one"),
        ({"nodes": [{"port": 7000, "process": {"pid": "9", "started_at": 1, "boot_id": "b"}}]}, "'pid' is '9'"),
        ({"nodes": [{"port": 7000, "process": {"pid": 9, "started_at": 1, "boot_id": None}}]}, "'boot_id' is None"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_reported(path: Path, changes: dict[str, Any], reason: str) -> None:
    path.write_text(json.dumps(saved_content(path) | changes))

    assert load_refused(path) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"node_count": "3"}, "'node_count' is '3'"),
        ({"node_count": 0}, "its plan is not possible"),
        ({"node_count": 3, "replicas": 1}, "its plan is not possible"),
        ({"base_port": 55_535}, "its plan is not possible"),
        ({"base_port": 7000.0}, "'base_port' is 7000.0"),
        ({"persistence": "sometimes"}, "its plan is not possible"),
        ({"persistence": 1}, "'persistence' is 1"),
        ({"max_memory_bytes": None}, "'max_memory_bytes' is None"),
    ],
)
def test_an_impossible_plan_is_reported(path: Path, changes: dict[str, Any], reason: str) -> None:
    content = saved_content(path)
    path.write_text(json.dumps(content | {"plan": content["plan"] | changes}))

    assert load_refused(path) == reason


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda children: st.one_of(st.lists(children), st.dictionaries(st.text(), children)),
    max_leaves=8,
)


@given(
    VALUES,
    st.sampled_from(["plan", "nodes", "keys", "state", "error", "process", "port", "pid", "node_count", "replicas"]),
)
def test_any_value_in_any_place_is_a_manifest_or_reported(value: Any, name: str) -> None:
    process = {"pid": 9, "started_at": 1.5, "boot_id": "b"}
    content = {
        "format": 1, "cluster_id": "a", "state": "running", "program": "p", "executable": "e", "version": "7", "keys": 0,
        "error": None, "plan": {"node_count": 1, "replicas": 0, "base_port": 7000, "max_memory_bytes": 0, "persistence": "none"},
        "nodes": [{"port": 7000, "process": process}],
    }  # fmt: skip
    for part in (content, content["plan"], content["nodes"][0], process):  # type: ignore[index]
        if isinstance(part, dict) and name in part:
            part[name] = value
    with tempfile.TemporaryDirectory() as folder, override_settings(REDIS_CLUSTER_DIR=folder):
        (Path(folder) / manifest.FILE_NAME).write_text(json.dumps(content))
        try:
            loaded, problem = manifest.load(), ""
        except ManifestUnreadable as error:
            loaded, problem = None, error.problem
        assert is_printable(problem)
        if loaded:
            assert manifest.save(loaded) == manifest.load()
        assert bool(loaded) != bool(problem)


def test_a_fifo_in_its_place_is_reported(path: Path) -> None:
    os.mkfifo(path)

    assert load_refused(path) == "it is not a file"


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
