from __future__ import annotations

import pytest

from pm2.errors import StartFailed, find_error_line

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


def test_a_failed_start_quotes_the_error_line() -> None:
    error = StartFailed("api", "it ended with exit code 1", 1, THROWN.splitlines())

    assert str(error) == "api did not come up: it ended with exit code 1. Error output: TypeError: no such port"
