"""Progress on stderr."""

from __future__ import annotations

import pytest

from dashboard_client.commands.progress import StepLine, Waiting


def test_an_interrupted_step_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), Waiting("Starting fastify"):
        raise KeyboardInterrupt

    assert capsys.readouterr() == (
        "",
        "[ERROR] Interrupted: Starting fastify. The server may still finish this step.\n",
    )


def test_outside_a_terminal_each_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    line = StepLine()
    for step, details in (
        ("api / warming", ""),
        ("api / trial 1 of 2", "5/s"),
        ("api / trial 1 of 2", "6/s"),
        ("api / trial 2 of 2", ""),
    ):
        line.show(step, details)

    assert capsys.readouterr().err == "api / warming\napi / trial 1 of 2\napi / trial 2 of 2\n"


def test_on_a_terminal_the_line_is_replaced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    StepLine().show("api / warming", "[#]")

    assert capsys.readouterr().err == "\r\x1b[Kapi / warming [#]"
