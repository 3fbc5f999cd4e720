from __future__ import annotations

import pytest

from pm2.daemon import rpc_messages
from pm2.daemon.rpc_messages import Reply
from pm2.errors import CallFailed, ProtocolError


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ([{"args": [[1, 2], "rest"]}, "a"], Reply("a", None, [1, 2])),
        ([{"args": []}, "a"], Reply("a", None, None)),
        ([{"error": "unknown id", "stack": "…"}, "b"], Reply("b", "unknown id", None)),
        ([{"error": {"message": "no"}}, "c"], Reply("c", "no", None)),
    ],
)
def test_a_reply_is_parsed(frame: list[object], expected: Reply) -> None:
    assert rpc_messages.parse_reply(frame) == expected


@pytest.mark.parametrize("frame", [[], ["x"], ["x", "y"], [{"args": []}, 3], [{"args": []}, "a", "b"]])
def test_a_frame_that_is_not_a_reply_is_rejected(frame: list[object]) -> None:
    with pytest.raises(ProtocolError):
        rpc_messages.parse_reply(frame)


def test_a_rejected_call_is_named() -> None:
    with pytest.raises(CallFailed) as caught:
        rpc_messages.unwrap_reply(Reply("a", "unknown id", None), "stopProcessId")

    assert str(caught.value) == "PM2 refused stopProcessId: unknown id"
