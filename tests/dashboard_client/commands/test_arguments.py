"""Words behind `--` are names, whatever they begin with."""

from __future__ import annotations

import pytest

from dashboard_client.commands import arguments


@pytest.mark.parametrize(("words", "name", "is_confirmed"), [
    (["stop", "--", "-rf"], "-rf", False), (["stop", "--yes", "--", "-rf"], "-rf", True),
    (["stop", "--", "--yes"], "--yes", False), (["stop", "web", "--yes"], "web", True), (["stop", "--", "web"], "web", False),
])  # fmt: skip
def test_a_name_may_begin_with_a_dash(words: list[str], name: str, is_confirmed: bool) -> None:
    parsed = arguments.parse(["run", "pm2", *words])

    assert (parsed.name, parsed.yes) == (name, is_confirmed)


def test_an_option_is_one_without_dashes_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments.parse(["run", "pm2", "stop", "-rf"])

    assert (ended.value.code, "[ERROR] unrecognized arguments: -rf" in capsys.readouterr().err) == (2, True)
