"""The counter that a process's OOM kill would raise: that of its control group, or of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from pm2.exits.classify import OomKill
from pm2.exits.oom_kills import WINDOW_S, OomKills

RUN = (7, 11)


def write(file: Path, kills: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"low 0\noom {kills}\noom_kill {kills}\n")


def judge(oom_kills: OomKills, at_s: float) -> OomKill:
    claim = oom_kills.claim(RUN, at_s, None)
    return oom_kills.judge(claim, at_s + 1.5)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    write(tmp_path / "proc/vmstat", 3)
    (tmp_path / "proc/11").mkdir()
    return tmp_path / "proc"


@pytest.mark.parametrize(
    ("groups", "file"),
    [
        ("0::/system.slice/pm2-ada.service\n", "system.slice/pm2-ada.service/memory.events"),
        ("0::/\n", "memory.events"),
        ("5:cpu,cpuacct:/x\n4:memory:/pm2/ada\n1:name=systemd:/y\n0::/\n", "memory/pm2/ada/memory.oom_control"),
        ("4:hugetlb,memory:/a:b\n", "memory/a:b/memory.oom_control"),
    ],
)
def test_a_kill_elsewhere_on_the_machine_explains_no_exit_in_a_group_with_a_counter(
    proc: Path, groups: str, file: str
) -> None:
    cgroups = proc.parent / "cgroups"
    (proc / "11/cgroup").write_text(groups)
    write(cgroups / file, 0)
    oom_kills = OomKills(proc, cgroups)
    oom_kills.sample([RUN], 10.0)
    write(proc / "vmstat", 4)
    elsewhere = judge(oom_kills, 15.0)
    oom_kills.sample([RUN], 20.0)
    write(cgroups / file, 1)

    assert (elsewhere, judge(oom_kills, 25.0)) == (OomKill.NO, OomKill.YES)


@pytest.mark.parametrize("groups", ["0::/other\n", "nonsense\n\n::\n", "4:memory\n", "", None])
def test_without_a_counter_of_the_group_that_of_the_machine_counts(proc: Path, groups: str | None) -> None:
    if groups is not None:
        (proc / "11/cgroup").write_text(groups)
    oom_kills = OomKills(proc, proc.parent / "cgroups")
    oom_kills.sample([RUN], 10.0)
    write(proc / "vmstat", 4)

    assert judge(oom_kills, 15.0) == OomKill.YES


def test_the_group_is_the_one_that_the_process_is_in_now(proc: Path) -> None:
    cgroups = proc.parent / "cgroups"
    oom_kills = OomKills(proc, cgroups)
    for second, group in ((10, "old"), (12, "new"), (14, "new")):
        write(cgroups / group / "memory.events", 0)
        (proc / "11/cgroup").write_text(f"0::/{group}\n")
        oom_kills.sample([RUN], float(second))
    write(cgroups / "new/memory.events", 1)

    assert judge(oom_kills, 16.0) == OomKill.YES


def test_a_claim_is_judged_when_its_group_is_gone(proc: Path) -> None:
    cgroups = proc.parent / "cgroups"
    (proc / "11/cgroup").write_text("0::/job\n")
    write(cgroups / "job/memory.events", 0)
    oom_kills = OomKills(proc, cgroups)
    oom_kills.sample([RUN], 10.0)
    write(cgroups / "job/memory.events", 1)
    claim = oom_kills.claim(RUN, 15.0, None)
    (cgroups / "job/memory.events").unlink()
    oom_kills.sample([], 16.0)

    assert oom_kills.judge(claim, 16.5) == OomKill.YES


def test_what_is_kept_is_bounded(proc: Path) -> None:
    oom_kills = OomKills(proc, proc.parent / "cgroups")
    for second in range(1000):
        write(proc / "vmstat", second)
        oom_kills.sample([(7, second)], float(second))
        oom_kills.claim((7, second), second + 0.5, None)

    assert [len(readings) for readings in oom_kills._readings.values()] == [100]
    assert len(oom_kills._runs) == 1
    assert len(oom_kills._claims) <= WINDOW_S + 2
