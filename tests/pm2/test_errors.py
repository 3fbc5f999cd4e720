from __future__ import annotations

import pytest

from pm2.actions.selection import ProcessSelector
from pm2.errors import ProcessNotFound, StartFailed, find_error_line

THROWN = """/srv/app.js:3
  throw new TypeError("no such port")
  ^

TypeError: no such port
    at Object.<anonymous> (/srv/app.js:3:9)
    at node:internal/main/run_main_module:28:49

Node.js v20.20.2"""


@pytest.mark.parametrize(
    ("stderr", "error_line"),
    [
        (THROWN, "TypeError: no such port"),
        ("Traceback (most recent call last):\n  File x\nValueError: bad\n", "ValueError: bad"),
        ("listen failed\n\nNode.js v20.20.2", "listen failed"),
        (
            "    at process.processTimers (node:internal/timers:519:7)",
            "at process.processTimers (node:internal/timers:519:7)",
        ),
        ("\n \n", ""),
    ],
)
def test_the_line_that_describes_the_error_is_found(stderr: str, error_line: str) -> None:
    assert find_error_line(stderr.splitlines()) == error_line


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "all",
            "No PM2 process is named 'all', or in a namespace 'all'. All processes are selected by giving no name, and in"
            " the API by restartAll, stopAll and the like.",
        ),
        ("7", "No PM2 process is named '7', or in a namespace '7', or number 7."),
        ("07", "No PM2 process is named '07', or in a namespace '07'."),
    ],
)
def test_a_word_that_selects_nothing(word: str, message: str) -> None:
    assert str(ProcessNotFound(str(ProcessSelector(word=word)), word)) == message


def test_a_failed_start_quotes_the_error_line() -> None:
    error = StartFailed("api", "it ended with exit code 1", 1, THROWN.splitlines())

    assert str(error) == "api did not come up: it ended with exit code 1. Error output: TypeError: no such port"
