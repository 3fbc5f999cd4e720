"""Text of windows: the page of a run and that of a process."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard_client.tui.model.windows import ProcessDetails, RunPage
from dashboard_client.tui.text.window_text import page_lines
from dashboard_client.wire.benchmarks import BenchmarkRun, Gate, Sweep
from dashboard_client.wire.host_and_pm2 import Process, ProcessPage
from tests.dashboard_client.tui import scenes


def test_a_run_page_says_at_least_and_repeats_no_sentence_of_a_sweep() -> None:
    reasons = ("The machine was busy.", "The generator was the limit.")
    sweep = Sweep("The generator was the limit.")
    result = replace(scenes.RESULTS[0], saturation="contended", reasons=reasons, sweep=sweep)
    lines = page_lines(RunPage("a", BenchmarkRun("a", "done", result=result)))

    assert next(line for line in lines if line.startswith("requests/s")).startswith(
        f"requests/s   ≥ {result.req_per_sec:,.0f}  "
    )
    assert [line.strip() for line in lines if line.strip() in reasons] == ["The machine was busy."]
    assert "sweep        The generator was the limit." in lines


@pytest.mark.parametrize(
    ("process", "ends"),
    [
        (Process(1, "api", interpreter="node", version="N/A", user="ann"), "   node 20.1.0   user ann"),
        (
            Process(1, "api", interpreter="node", version="1.2.3", user="ann"),
            "   node 20.1.0   version 1.2.3   user ann",
        ),
        (Process(1, "api", interpreter="python3", version="N/A", user="ann"), "   python3   user ann"),
    ],
)
def test_the_page_of_a_process_tells_the_version_of_node_from_its_own(process: Process, ends: str) -> None:
    lines = page_lines(ProcessDetails(process, ProcessPage(node_version="20.1.0")))

    assert lines[2] == f"port –   framework –{ends}"


def test_a_run_page_lists_its_checks() -> None:
    lines = page_lines(RunPage("a", BenchmarkRun("a", "done", gates=(Gate("date", "pass", "It changed."),))))

    assert lines[lines.index("checks") + 1] == "  ok  date                   It changed."
