"""Load generators, one per module: `argv()` builds the command, `parse()` reads its output. [pure]

Each module has exactly `argv()`, `parse()`, and `input_content()` for the file that the program reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from benchmarks.analysis.measurement import Measurement
from benchmarks.analysis.oddities import (
    ANNOUNCES_A_BODY,
    CLOSES_EACH,
    CLOSES_SILENTLY,
    ENDS_HTTP2_EACH,
    MISCOUNTS_CLOSING,
)
from benchmarks.errors import GeneratorMissing
from benchmarks.generators import autocannon, h2load, wrk
from benchmarks.generators.scenario import SWEEP, Scenario
from benchmarks.generators.secret_headers import KEEPERS, has_secrets


class Generator(Protocol):
    def argv(self, scenario: Scenario, program: Sequence[str], input_file: str) -> list[str]: ...

    def input_content(self, scenario: Scenario) -> bytes | None: ...

    def parse(self, stdout: str, expected_class: int = 2) -> Measurement: ...


GENERATORS: dict[str, Generator] = {"wrk": wrk, "h2load": h2load, "autocannon": autocannon}
NEEDS_ARGV = "secret_header_needs_argv"
PREFERENCE = ("wrk", "h2load", "autocannon")
# wrk measures the latency of a whole batch of pipelined requests; h2load does not pipeline bodies.
PIPELINED_PREFERENCE = ("autocannon", "h2load", "wrk")
HTTP2 = ("h2load",)  # speak HTTP/2
PACED = ("h2load",)  # autocannon's -R sends a second's worth at once, and wrk has no fixed rate


def refusal(name: str, headers: Mapping[str, str], protocol: str = "http1") -> tuple[str, str, str] | None:
    """Why a generator cannot send the request: the parameter, a sentence, and the code of the error; None if it can."""
    if has_secrets(headers) and (protocol == "h2" or name not in KEEPERS):
        able = HTTP2[0] if protocol == "h2" else name
        reason = f"{able} takes headers only from its command line, which every user of its machine can read."
        advice = f"Credentials require HTTP/1.1 without a fixed rate, by {' or '.join(KEEPERS)}."
        return "headers", f"{reason} {advice}", NEEDS_ARGV
    if protocol == "h2" and name not in HTTP2:
        return "protocol", f"{name} does not speak HTTP/2. Use {' or '.join(HTTP2)}.", "bad_request"
    return None


def paced_refusal(
    requested: str | None, profile: str | None, rate: float | None, pipelining: int
) -> tuple[str, str, str] | None:
    """As `refusal`, of a fixed rate, or a sweep; None if the request is possible."""
    is_sweep = profile == SWEEP
    if is_sweep and rate:
        return "rate", "A sweep tries one rate after another: leave the rate out, or the profile.", "bad_request"
    if is_sweep and pipelining > 1:
        sentence = "A sweep measures latency, which pipelined requests do not have one by one: leave it out."
        return "pipelining", sentence, "bad_request"
    if (is_sweep or rate) and requested not in (None, *PACED):
        parameter = "profile" if is_sweep else "rate"
        return parameter, f"{requested} cannot send at a fixed rate; {', '.join(PACED)} can.", "bad_request"
    return None


def inability(name: str, oddities: Collection[str]) -> str | None:
    """Why a generator counts nothing of a target whose response has these oddities; None if it counts something."""
    if ANNOUNCES_A_BODY in oddities:
        return ANNOUNCES_A_BODY
    if ENDS_HTTP2_EACH in oddities:
        return ENDS_HTTP2_EACH
    if name == "h2load" and not {CLOSES_EACH, CLOSES_SILENTLY}.isdisjoint(oddities):
        return "The target closes the connection after each response: h2load does not open another, or hangs. Use wrk."
    return None


def oddities_for(name: str, oddities: Sequence[str]) -> tuple[str, ...]:
    """The oddities of a target's response as they concern the figures of this generator."""
    replaced = {CLOSES_EACH: MISCOUNTS_CLOSING} if name == "autocannon" else {}
    return tuple(replaced.get(oddity, oddity) for oddity in oddities)


def resolution_us(name: str) -> int:
    """The unit to which a generator rounds latencies."""
    return autocannon.RESOLUTION_US if name == "autocannon" else 1


def choose_generator(
    installed: Collection[str],
    requested: str | None,
    pipelining: int = 1,
    *,
    is_paced: bool = False,
    unsuitable: Collection[str] = (),
) -> str:
    """The generator for a run. A requested one is never replaced by another. `unsuitable`: those that cannot send it,
    chosen only if no other is installed. Raises GeneratorMissing."""
    if requested:
        if requested not in installed:
            raise GeneratorMissing(requested, sorted(installed))
        return requested
    order = PACED if is_paced else PREFERENCE if pipelining == 1 else PIPELINED_PREFERENCE
    for name in sorted(order, key=lambda name: name in unsuitable):
        if name in installed:
            return name
    raise GeneratorMissing(PACED[0] if is_paced else None, sorted(installed))
