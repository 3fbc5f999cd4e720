"""The load generators that can be driven, best first, and the choice among them. [pure]

Each module has exactly `argv()` and `parse()`, and `script()` where the program reads one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from benchmarks.errors import GeneratorMissing
from benchmarks.generators import autocannon, wrk
from benchmarks.measurement import Measurement
from benchmarks.scenario import Scenario


class Generator(Protocol):
    def argv(self, scenario: Scenario, program: Sequence[str], script_file: str) -> list[str]: ...

    def script(self, scenario: Scenario) -> str | None: ...

    def parse(self, stdout: str) -> Measurement: ...


GENERATORS: dict[str, Generator] = {"wrk": wrk, "autocannon": autocannon}
PREFERENCE = ("wrk", "autocannon")


def choose(installed: Collection[str], wanted: str | None, pipelining: int) -> str:
    """The generator for a run; raises GeneratorMissing. Only the one asked for is ever taken in its place."""
    if wanted:
        if wanted not in installed:
            raise GeneratorMissing(wanted, sorted(installed))
        return wanted
    # wrk times a batch of pipelined requests as one: not what anybody means by a latency.
    order = PREFERENCE if pipelining == 1 else tuple(reversed(PREFERENCE))
    for name in order:
        if name in installed:
            return name
    raise GeneratorMissing(None, [])
