from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pm2.actions import action_steps
from pm2.daemon import process
from pm2.daemon.rpc_client import DaemonConnection
from pm2.errors import StartFailed

BEFORE: dict[str, Any] = {
    "pid": 11,
    "pm_id": 3,
    "name": "api",
    "pm2_env": {"status": "online", "restart_time": 0, "exit_code": 7},
}
ERRORED = BEFORE | {"pid": 0, "pm2_env": {"status": "errored", "restart_time": 1, "exit_code": 5}}


class StubDaemon(DaemonConnection):
    """Lists the same entries at every call."""

    def __init__(self, *entries: Mapping[str, Any]) -> None:
        self.entries = list(entries)

    async def call(self, method: str, *arguments: object, timeout_s: float | None = None) -> object:
        return self.entries


@pytest.mark.parametrize(
    ("entries", "message", "exit_code"),
    [
        ([ERRORED], "api did not come up: it exited again during startup, exit code 5.", 5),
        ([], "api did not come up: it was removed from PM2's list during startup.", None),
    ],
    ids=["crashed", "removed"],
)
async def test_the_error_names_why_a_process_is_not_online_again(
    entries: list[dict[str, Any]], message: str, exit_code: int | None
) -> None:
    with pytest.raises(StartFailed) as caught:
        await action_steps.wait_until_online(StubDaemon(*entries), [process.from_monitor_data(BEFORE, 0)])

    assert (str(caught.value), (caught.value.fields or {})["exitCode"]) == (message, exit_code)
