"""Readings of the real host."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import psutil
import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings

from system.host import host_sampler
from tests.system.host.busy_tree import busy_tree


@pytest.mark.real
def test_the_first_sample_is_not_zero() -> None:
    host_sampler._host.reading = host_sampler._host.stats = None
    with busy_tree():
        stats = async_to_sync(host_sampler.sample)()

    assert (stats.cpu or 0) > 5
    assert len(stats.cpu_per_core) == stats.cpu_count == os.cpu_count()
    assert (stats.total_memory or 0) > (stats.memory or 0) > 0
    assert stats.unreadable == {}


async def test_concurrent_samples_are_the_same_object() -> None:
    first, *others = await asyncio.gather(*(host_sampler.sample() for _ in range(20)))

    assert all(stats is first for stats in others)


def test_sampling_works_from_any_event_loop() -> None:
    assert asyncio.run(host_sampler.sample()).hostname == asyncio.run(host_sampler.sample()).hostname


FILES = ("stat", "meminfo", "vmstat", "net/dev", "diskstats")


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the host's files below /proc, which psutil reads."""
    (tmp_path / "net").mkdir()
    for name in FILES:
        shutil.copyfile(f"/proc/{name}", tmp_path / name)
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kinds"), [("stat", ["cpu"]), ("meminfo", ["memory"]), ("net/dev", ["network"]), ("vmstat", [])]
)
@pytest.mark.parametrize("content", [None, b"", b"\xff x\ncpu\nMemTotal:\n a b:\n1 2 3\n"])
def test_an_unreadable_file_of_proc_takes_only_its_own_figures(
    proc: Path, name: str, kinds: list[str], content: bytes | None
) -> None:
    (proc / name).unlink()
    if content is not None:
        (proc / name).write_bytes(content)
    reading = host_sampler.read_host()
    figures = {
        "cpu": reading.cpu, "memory": reading.memory.total, "swap": reading.swap[0], "disk": reading.disk[0],
        "network": reading.network[0], "uptime": reading.uptime, "load": reading.load,
    }  # fmt: skip

    missing = [kind for kind, figure in figures.items() if figure is None]
    assert missing == list(reading.unreadable)
    assert set(missing) <= {*kinds, "swap"}
    if content is None:
        expected = dict.fromkeys(kinds, f"{proc / name}: No such file or directory")
        assert {kind: reason for kind, reason in reading.unreadable.items() if kind != "swap"} == expected


def test_the_disk_is_that_of_the_folder_of_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_sampler, "_disk_folder", lambda: Path("/proc"))
    assert host_sampler.read_host().disk[1] == psutil.disk_usage("/proc").free == 0

    monkeypatch.setattr(host_sampler, "_disk_folder", lambda: tmp_path / "none")
    reading = host_sampler.read_host()
    assert (reading.disk, reading.unreadable) == (
        (None, None),
        {"disk": f"{tmp_path / 'none'}: No such file or directory"},
    )


def test_the_disk_of_data_dir_is_reported(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path

    assert host_sampler._disk_folder() == tmp_path
