"""Progress on stderr."""

from __future__ import annotations

import pytest

from dashboard_client.commands.progress import Waiting


def test_an_interrupted_step_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), Waiting("Starting fastify"):
        raise KeyboardInterrupt

    assert capsys.readouterr() == (
        "",
        "[ERROR] Interrupted: Starting fastify. The server may still finish this step.\n",
    )
