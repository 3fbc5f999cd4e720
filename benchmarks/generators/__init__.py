"""Load generators, one per module: `argv()` builds the command, `parse()` reads its output. [pure]

Each module has exactly `argv()`, `parse()`, and `input_text()` for the file that the program reads.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from benchmarks.analysis.measurement import Measurement
from benchmarks.errors import GeneratorMissing
from benchmarks.generators import autocannon, h2load, wrk
from benchmarks.generators.scenario import Scenario


class Generator(Protocol):
    def argv(self, scenario: Scenario, program: Sequence[str], input_file: str) -> list[str]: ...

    def input_text(self, scenario: Scenario) -> str | None: ...

    def parse(self, stdout: str) -> Measurement: ...


GENERATORS: dict[str, Generator] = {"wrk": wrk, "h2load": h2load, "autocannon": autocannon}
PREFERENCE = ("wrk", "h2load", "autocannon")
# wrk measures the latency of a whole batch of pipelined requests; h2load does not pipeline bodies.
PIPELINED_PREFERENCE = ("autocannon", "h2load", "wrk")
PACED = ("h2load",)  # autocannon's -R sends a second's worth at once, and wrk has no fixed rate


def choose_generator(
    installed: Collection[str], requested: str | None, pipelining: int = 1, *, is_paced: bool = False
) -> str:
    """The generator for a run. A requested one is never replaced by another. Raises GeneratorMissing."""
    if requested:
        if requested not in installed:
            raise GeneratorMissing(requested, sorted(installed))
        return requested
    order = PACED if is_paced else PREFERENCE if pipelining == 1 else PIPELINED_PREFERENCE
    for name in order:
        if name in installed:
            return name
    raise GeneratorMissing(PACED[0] if is_paced else None, sorted(installed))
