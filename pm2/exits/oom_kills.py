"""Whether the kernel's OOM killer may have ended a process, by its counters. [io: /proc, /sys]

A counter states only how many processes were killed, of a control group or of the machine. So it is evidence about a
process if it has risen since that process was last seen alive, and if no other exit explains the rise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from pm2.exits.classify import OomKill
from system.host import usage_counters

Run = tuple[int, int]  # pm_id and pid

PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
MIN_INTERVAL_S = 0.9  # of samples of the same processes, and of readings of a counter that does not change
DYING_S = 1.0  # the kernel counts a kill before the process, which has to free its memory, is gone
WINDOW_S = 60.0  # claims are kept: far more than the time between two process lists
MAX_READINGS = 100


@dataclass(frozen=True, slots=True)
class _Reading:
    at_s: float
    kills: int


@dataclass(frozen=True, slots=True)
class _LivingRun:
    counter: Path
    since_s: float


@dataclass(slots=True)
class Claim:
    """An exit that a kill may explain: by `counter`, between `before` and `at_s`. `was_seen`: the process was seen
    alive. `is_settled`: one kill is this exit's, and explains no other one."""

    counter: Path
    before: _Reading
    at_s: float
    was_seen: bool
    is_settled: bool = False


class OomKills:
    """Feed it the living processes now and then. All times are the monotonic clock's."""

    def __init__(self, proc: Path = PROC, cgroups: Path = CGROUPS) -> None:
        self._proc, self._cgroups = proc, cgroups
        self._machine = proc / "vmstat"
        self._runs: dict[Run, _LivingRun] = {}
        self._readings: dict[Path, deque[_Reading]] = {}
        self._claims: deque[Claim] = deque()
        self._sampled_s = 0.0

    def sample(self, runs: Collection[Run], now_s: float) -> None:
        """Reads the counters of the processes that live."""
        if runs and self._runs.keys() == set(runs) and now_s - self._sampled_s < MIN_INTERVAL_S:
            return
        self._sampled_s = now_s
        self._runs = {run: self._see(run, now_s) for run in runs}
        while self._claims and now_s - self._claims[0].at_s > WINDOW_S:
            self._claims.popleft()
        living = (run.counter for run in self._runs.values())
        counters = {self._machine, *living, *(claim.counter for claim in self._claims)}
        self._readings = {counter: readings for counter, readings in self._readings.items() if counter in counters}
        for counter in counters:
            self._read(counter, now_s)

    def _see(self, run: Run, now_s: float) -> _LivingRun:
        counter, known = self._counter_of(run[1]), self._runs.get(run)
        return known if known and known.counter == counter else _LivingRun(counter, now_s)

    def claim(self, run: Run, now_s: float, age_s: float | None) -> Claim | None:
        """For a process that SIGKILL has just ended, unasked. `age_s`: since its start, if that was seen. None: no kill
        was counted that is not another's."""
        living = self._runs.get(run)
        if living and age_s is not None and now_s - age_s > living.since_s:
            living = None  # an earlier run of the process
        counter, since_s = (living.counter, living.since_s) if living else (self._machine, 0.0)
        self._read(counter, now_s)
        readings = [reading for reading in self._readings.get(counter, ()) if reading.at_s >= since_s]
        before = next((one for one in reversed(readings) if now_s - one.at_s >= DYING_S), None)
        if before is None and not readings:
            return None
        claim = Claim(counter, before or readings[0], now_s, was_seen=living is not None)
        if self._unexplained(claim) <= 0:
            return None
        self._claims.append(claim)
        return claim

    def judge(self, claim: Claim | None, now_s: float) -> OomKill:
        """Once the exits of the same moment have been claimed too."""
        if claim is None:
            return OomKill.NO
        self._read(claim.counter, now_s)
        rivals = sum(not one.is_settled for one in self._within(claim))
        claim.is_settled = claim.was_seen and rivals <= self._unexplained(claim)
        return OomKill.YES if claim.is_settled else OomKill.POSSIBLE

    def _unexplained(self, claim: Claim) -> int:
        """Kills in the time of the claim that are no other exit's."""
        kills = self._readings[claim.counter][-1].kills - claim.before.kills
        return kills - sum(one.is_settled for one in self._within(claim))

    def _within(self, claim: Claim) -> Iterable[Claim]:
        return (one for one in self._claims if one.counter == claim.counter and one.at_s > claim.before.at_s)

    def _read(self, counter: Path, now_s: float) -> None:
        kills = usage_counters.oom_kills(counter)
        readings = self._readings.setdefault(counter, deque(maxlen=MAX_READINGS))
        last = readings[-1] if readings else None
        if kills is not None and (last is None or last.kills != kills or now_s - last.at_s >= MIN_INTERVAL_S):
            readings.append(_Reading(now_s, kills))

    def _counter_of(self, pid: int) -> Path:
        """The file with the counter of its control group (version 2, or 1), or of the machine."""
        try:
            lines = (self._proc / str(pid) / "cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return self._machine
        for line in lines:
            _, controllers, path = (*line.split(":", 2), "", "")[:3]
            folder = path.lstrip("/")
            if not controllers:
                file = self._cgroups / folder / "memory.events"
            elif "memory" in controllers.split(","):
                file = self._cgroups / "memory" / folder / "memory.oom_control"
            else:
                continue
            if usage_counters.oom_kills(file) is not None:
                return file
        return self._machine
