"""What came out of each run of a command, check by check: the content of the reports for CI systems. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from benchmarks.analysis.comparison import Comparison, Verdict
from benchmarks.budgets.judgement import Judgement
from benchmarks.cli import report
from benchmarks.engine.run_spec import RunSpec

MEASUREMENT = "measurement"


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


OF_JUDGEMENT = {
    Judgement.MET: Outcome.PASSED, Judgement.MISSED: Outcome.FAILED, Judgement.NOT_SHOWN: Outcome.SKIPPED,
}  # fmt: skip
OF_VERDICT = {Verdict.WORSE: Outcome.FAILED, Verdict.NO_VERDICT: Outcome.SKIPPED}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a report. `kind`: a word for the reason, as in the exit codes."""

    name: str
    outcome: Outcome
    message: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A run with its checks, of which the first is for the measurement itself. `entry`: as sent to a server; empty if
    there was no trial. `lines`: the summary for people."""

    name: str
    at: datetime
    checks: tuple[Check, ...]
    entry: dict[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        return float(self.entry.get("duration") or 0)


def run_name(spec: RunSpec) -> str:
    return f"{spec.label or spec.framework} {spec.method} {spec.endpoint}"


def of_finished(
    name: str, at: datetime, entry: dict[str, Any], failure: str, compared: Comparison | None
) -> RunOutcome:
    """Of a run with trials. `failure`: why it ended early, empty if it did not; `compared`: with the first run."""
    items = (entry["budget"] or {}).get("items", [])
    checks = [_measurement(entry, failure)]
    checks += [
        Check(item["text"], OF_JUDGEMENT[Judgement(item["met"])], item["message"], item["met"]) for item in items
    ]
    if compared:
        outcome = OF_VERDICT.get(compared.verdict, Outcome.PASSED)
        checks.append(Check("not worse than the first", outcome, compared.text, compared.verdict.value))
    return RunOutcome(name, at, tuple(checks), entry, tuple(report.summary_lines(entry)))


def of_failed(name: str, at: datetime, failure: str, expect: Sequence[str]) -> RunOutcome:
    """Of a run without a trial."""
    skipped = [Check(text, Outcome.SKIPPED, failure, "failed") for text in expect]
    return RunOutcome(name, at, (Check(MEASUREMENT, Outcome.ERROR, failure, "failed"), *skipped), lines=(failure,))


def _measurement(entry: dict[str, Any], failure: str) -> Check:
    message = failure or " ".join(entry["reasons"]) or f"The run is {entry['validity']}."
    if failure:
        return Check(MEASUREMENT, Outcome.ERROR, message, "failed")
    is_invalid = entry["validity"] == "invalid"
    return Check(MEASUREMENT, Outcome.ERROR if is_invalid else Outcome.PASSED, message, entry["validity"])
