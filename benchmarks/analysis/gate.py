"""One check of a run, and what the checks are computed from. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from benchmarks.analysis.measurement import Measurement
from benchmarks.analysis.saturation import CpuLoad


@dataclass(frozen=True, slots=True)
class Gate:
    """One check. `state`: pass, warn, fail or unknown; `message`: a sentence; `trial`: None for the whole run."""

    code: str
    state: Annotated[str, ("pass", "warn", "fail", "unknown")]
    message: str
    value: float | None = None
    trial: int | None = None


@dataclass(frozen=True, slots=True)
class ProbeCounts:
    """Results of the latency probe in a trial. `failed`: without an expected status; `mismatched`: with another body
    than the preflight's."""

    sent: int
    failed: int
    mismatched: int


@dataclass(frozen=True, slots=True)
class TrialGateInput:
    """The input of the gates for one trial."""

    measurement: Measurement
    load: CpuLoad
    probe: ProbeCounts | None = None
    target_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CertificateCheck:
    """Of an encrypted target. `reason`: why its certificate is not verified, empty if it is; `is_waived`: nobody asked
    for that."""

    reason: str
    is_waived: bool


@dataclass(frozen=True, slots=True)
class GateInput:
    """The input of the gates for one run. `is_steady`: whether the warm-up settled; None with too few bursts.

    `planned_duration_s`: of a trial. `restarts`: of the target's processes during the run, None if they could not be
    counted. `cross_rate`: measured by another generator. `background_cores`: used by other programs before the load.
    `expected`: the statuses in words. `is_changing`: the body differed between two requests before the load.
    `certificate`: None without TLS.
    """

    trials: tuple[TrialGateInput, ...]
    planned_duration_s: float
    pipelining: int = 1
    rate_per_second: float | None = None
    is_steady: bool | None = None
    restarts: int | None = None
    response_oddities: tuple[str, ...] = ()
    response_change: str | None = None
    cached_date: bool = False
    background_cores: float | None = None
    cross_rate: float | None = None
    notes: tuple[str, ...] = ()
    trials_planned: int | None = None
    expected: str = "2xx"
    is_changing: bool = False
    certificate: CertificateCheck | None = None
