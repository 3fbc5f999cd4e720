"""Errors of commands on stderr."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management.base import CommandError

from system.lib.commands import CommandLine


class Failing(CommandLine):
    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("It says:\n  \x1b[2J\u202e", returncode=3)


def test_what_an_error_quotes_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Failing().run_from_argv(["manage.py", "failing"])

    assert (ended.value.code, capsys.readouterr().err) == (3, "[ERROR] It says:\n  \\x1b[2J\\u202e\n")
