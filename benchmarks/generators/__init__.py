"""One module per load generator: `argv()` in, `Measurement` out; and the choice among them. [pure]

Each module has exactly `argv()` and `parse()`, and `script()` where the program reads one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from benchmarks.analysis.measurement import Measurement
from benchmarks.errors import GeneratorMissing
from benchmarks.generators import autocannon, h2load, wrk
from benchmarks.generators.scenario import Scenario


class Generator(Protocol):
    def argv(self, scenario: Scenario, program: Sequence[str], script_file: str) -> list[str]: ...

    def script(self, scenario: Scenario) -> str | None: ...

    def parse(self, stdout: str) -> Measurement: ...


GENERATORS: dict[str, Generator] = {"wrk": wrk, "h2load": h2load, "autocannon": autocannon}
PREFERENCE = ("wrk", "h2load", "autocannon")
# wrk times a batch of pipelined requests as one, which nobody means by a latency; h2load pipelines no bodies.
PIPELINED = ("autocannon", "h2load", "wrk")
PACED = ("h2load",)  # autocannon's -R sends a second's worth at once, and wrk has no rate


def choose(installed: Collection[str], wanted: str | None, pipelining: int = 1, *, is_paced: bool = False) -> str:
    """The generator for a run; raises GeneratorMissing. Only the one asked for is ever taken in its place."""
    if wanted:
        if wanted not in installed:
            raise GeneratorMissing(wanted, sorted(installed))
        return wanted
    order = PACED if is_paced else PREFERENCE if pipelining == 1 else PIPELINED
    for name in order:
        if name in installed:
            return name
    raise GeneratorMissing(PACED[0] if is_paced else None, sorted(installed))
