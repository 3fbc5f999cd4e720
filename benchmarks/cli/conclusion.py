"""What follows from the finished runs of a command: comparisons, reports, the exit code. [io: files, stderr]"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.analysis import comparison
from benchmarks.analysis.comparison import Comparison, Verdict
from benchmarks.budgets.judgement import Judgement, overall
from benchmarks.cli import junit, markdown, outcome, report, report_files
from benchmarks.cli.arguments import CliOptions
from benchmarks.engine.run_result import RunResult
from benchmarks.engine.run_spec import RunSpec

OK, FAILED, USAGE, WORSE, INVALID, NOT_SHOWN, MISSED = 0, 1, 2, 3, 4, 5, 6
BY_PRECEDENCE = (USAGE, FAILED, INVALID, MISSED, WORSE, NOT_SHOWN, OK)


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """`entry`: the result as sent to a server; None without a trial."""

    result: RunResult
    entry: dict[str, Any] | None


def foreseen_obstacles(specs: Sequence[RunSpec]) -> list[str]:
    """Why there will be no verdict on a target, as far as it is known before the measurement."""
    lines = []
    for spec in specs[1:]:
        reasons = comparison.differences(specs[0].conditions(None), spec.conditions(None))
        if not spec.is_sweep and spec.trials_planned < comparison.MIN_TRIALS:
            reasons.append(f"It takes at least {comparison.MIN_TRIALS} trials: -n 5, or --profile standard.")
        if reasons:
            lines.append(f"No verdict will follow on {spec.framework} and {specs[0].framework}. {' '.join(reasons)}")
    return lines


def compare_with_first(runs: Sequence[MeasuredRun]) -> list[Comparison]:
    """One for each run after the first; none if a run is invalid or has no trial."""
    sides = [report.comparison_side(run.result, run.entry) for run in runs if run.entry]
    if len(sides) < len(runs) or any(side.validity == "invalid" for side in sides):
        return []
    return [comparison.compare(sides[0], side) for side in sides[1:]]


def comparison_lines(comparisons: Sequence[Comparison]) -> list[str]:
    return [
        line
        for compared in comparisons
        for line in (compared.text, *(metric.text for metric in compared.metrics[1:] if not compared.reasons))
    ]


def exit_code(entries: Sequence[dict[str, Any]], comparisons: Sequence[Comparison]) -> int:
    """Of a command whose runs all finished: the first that applies."""
    judgement = overall([entry["budget"]["met"] for entry in entries if entry["budget"]])
    verdicts = [compared.verdict for compared in comparisons]
    applying = {
        INVALID: any(entry["validity"] == "invalid" for entry in entries),
        MISSED: judgement == Judgement.MISSED,
        WORSE: Verdict.WORSE in verdicts,
        NOT_SHOWN: judgement == Judgement.NOT_SHOWN or Verdict.NO_VERDICT in verdicts,
    }
    return next((code for code in BY_PRECEDENCE if applying.get(code)), OK)


def write_reports(
    options: CliOptions, runs: Sequence[MeasuredRun], comparisons: Sequence[Comparison], failure: str, at: datetime
) -> bool:
    """Whether the requested files were written. `failure`: why the command ended early, empty if it did not."""
    if options.junit is None and options.summary is None:
        return True
    of_others: Sequence[Comparison | None] = comparisons or [None] * (len(runs) - 1)
    outcomes = [
        outcome.of_finished(outcome.run_name(run.result.plan.spec), at, run.entry, failure, compared)
        if run.entry
        else outcome.of_failed(outcome.run_name(run.result.plan.spec), at, failure, run.result.plan.spec.expect)
        for run, compared in zip(runs, (None, *of_others), strict=True)
    ]
    is_junit_written = report_files.write(options.junit, junit.render(outcomes, host=platform.node()))
    return report_files.write(options.summary, markdown.render(outcomes)) and is_junit_written
