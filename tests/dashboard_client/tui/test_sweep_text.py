"""A sweep on the page of its run."""

from __future__ import annotations

import pytest

from dashboard_client.tui.model.windows import RunPage
from dashboard_client.tui.screen.theme import BRAILLE, PLAIN_ASCII, Glyphs
from dashboard_client.tui.text.sweep_text import latency_over_rate, sweep_lines
from dashboard_client.tui.text.window_text import page_lines
from dashboard_client.wire.benchmarks import BenchmarkResult, Sweep, SweepStep

REASON = "90 % of the requests were answered in time; 98 % are needed."
STEPS = (
    SweepStep(400, 400, 1.0, 2.0, 4.0, 9.0, 0, outcome="held"),
    SweepStep(1000, 1000, 1.2, 2.0, 5.0, 9.0, 0, outcome="held"),
    SweepStep(2400, 2160, 200.0, 300.0, 400.0, 500.0, 0, outcome="failed", reasons=(REASON,)),
    SweepStep(2000, 1900, 30.0, 60.0, 90.0, 99.0, 0, outcome="generator", reasons=("It was busy.",)),
    SweepStep(2000, 2000, 1.5, 3.0, 6.0, 9.0, 0, outcome="held"),
)
SWEEP = Sweep("The target holds 2,000 requests/s, but not 2,400.", 2000, 2000, 2400, "target", True, STEPS)


def test_the_page_of_a_run_shows_the_latency_over_the_rate() -> None:
    assert list(sweep_lines(SWEEP, BRAILLE, 50)) == [
        "",
        "sweep        The target holds 2,000 requests/s, but not 2,400.",
        "",
        "latency      p99 in ms (logarithmic) over requests/s",
        "       400                                    ⡠⠔⠒⠉",
        "                                           ⢀⠔⠉",
        "                                          ⢀⠎",
        "        40                                ⢸",
        "                                          ⡇",
        "         4 ⣀⣀⣀⣀⣀⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠔⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠁",
        "           400                                2.4k",
        "",
        "step         requests/s     answered        p50        p99   errors   outcome",
        "1                   400          400     1.0 ms     4.0 ms        0   held",
        "2                 1,000        1,000     1.2 ms     5.0 ms        0   held",
        "3                 2,400        2,160     200 ms     400 ms        0   failed",
        "             90 % of the requests were answered in time; 98 % are needed.",
        "4                 2,000        1,900    30.0 ms    90.0 ms        0   the generator was the limit",
        "             It was busy.",
        "5                 2,000        2,000     1.5 ms     6.0 ms        0   held",
    ]


def test_a_repeated_rate_is_the_execution_that_held() -> None:
    assert latency_over_rate(STEPS) == [(400, 4.0), (1000, 5.0), (2000, 6.0), (2400, 400.0)]
    assert latency_over_rate([SweepStep(50, p50=2.0), SweepStep(0, p99=1.0), SweepStep(60)]) == [(50, 2.0)]


@pytest.mark.parametrize("glyphs", [BRAILLE, PLAIN_ASCII])
@pytest.mark.parametrize("width", [22, 40, 76])
def test_the_number_of_lines_does_not_depend_on_the_picture(glyphs: Glyphs, width: int) -> None:
    page = RunPage("r", result=BenchmarkResult("fastify", 2000, sweep=SWEEP))

    assert len(page_lines(page, glyphs, width)) == len(page_lines(page))
    assert max(map(len, list(sweep_lines(SWEEP, glyphs, width))[4:11])) <= width


def test_a_sweep_without_steps_is_its_text() -> None:
    assert list(sweep_lines(Sweep("It ended."), BRAILLE, 40))[:2] == ["", "sweep        It ended."]
