"""Renders finished runs as Markdown, for the summary of a CI step. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from benchmarks.analysis.saturation import is_lower_bound
from benchmarks.cli.outcome import Check, Outcome, RunOutcome
from system.lib.quantities import significant
from system.lib.text import printable

_PUNCTUATION = re.compile(r"([\\`*_\[\]<>|~&#$])")
WORDS = {Outcome.FAILED: "**missed**", Outcome.ERROR: "**error**", Outcome.SKIPPED: "not shown", Outcome.PASSED: "met"}


def render(runs: Sequence[RunOutcome]) -> str:
    return "\n".join(_lines(runs)) + "\n"


def _lines(runs: Sequence[RunOutcome]) -> Iterator[str]:
    yield "## Benchmark"
    yield ""
    yield "| run | requests/s | p50 ms | p99 ms | errors | validity | budget |"
    yield "| --- | ---: | ---: | ---: | ---: | --- | --- |"
    yield from (_row(run) for run in runs)
    for run in runs:
        yield ""
        yield f"### {escape(run.name)}"
        yield ""
        yield "| check | | |"
        yield "| --- | --- | --- |"
        for check in run.checks:
            word = _word(check, check is run.checks[0])
            yield f"| `{check.name}` | {word} | {escape(check.message)} |"  # its names need no escape


def _word(check: Check, is_measurement: bool) -> str:
    """The validity of a measurement that has one."""
    return check.kind if is_measurement and check.outcome is Outcome.PASSED else WORDS[check.outcome]


def _row(run: RunOutcome) -> str:
    entry = run.entry
    if not entry:
        return f"| {escape(run.name)} | | | | | failed | |"
    cells = [
        escape(run.name), _rate(entry["reqPerSec"], entry["saturation"]),
        *("" if entry[key] is None else significant(entry[key], 4) for key in ("p50Latency", "p99Latency")),
        f"{entry['errors'] + entry['non2xx']:,}", entry["validity"], _budget(entry["budget"]),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _rate(rate: float, saturation: str) -> str:
    return ("at least " if is_lower_bound(saturation) else "") + f"{rate:,.0f}"


def _budget(budget: dict[str, object] | None) -> str:
    judgement = str(budget["met"]) if budget else ""
    return "**missed**" if judgement == "missed" else judgement.replace("_", " ")


def escape(text: str) -> str:
    """Text that Markdown shows as it is, in a cell of a table."""
    return _PUNCTUATION.sub(r"\\\1", printable(text))
