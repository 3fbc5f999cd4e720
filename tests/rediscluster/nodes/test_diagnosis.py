from __future__ import annotations

import pytest

from rediscluster.errors import DiskFull, NodeFailed, NodesConfUnreadable
from rediscluster.nodes import diagnosis

AT = "812:M 23 Nov 2026 15:07:37.984 # "


@pytest.mark.parametrize(
    ("line", "free_bytes", "kind", "message"),
    [
        (
            "Fatal: can't update cluster config file.", 4096, DiskFull,
            "No space left on the disk: the node on 7000 could not write its files. Free some and try again.",
        ),
        (
            "Fatal: can't update cluster config file.", 2**30, NodeFailed,
            "The node on 7000 did not come up: it ended, and said: Fatal: can't update cluster config file.",
        ),
        (
            "Unrecoverable error: corrupted cluster config file.", 2**30, NodesConfUnreadable,
            "The node on 7000 did not come up: its nodes.conf is damaged or cannot be read. "
            "Restore its nodes.conf, or clean the cluster and set it up again.",
        ),
        (
            "Failed listening on port 7000 (TCP), aborting.", 2**30, NodeFailed,
            "The node on 7000 did not come up: its port or its bus port was taken meanwhile.",
        ),
    ],
)  # fmt: skip
def test_the_last_words_of_a_node(line: str, free_bytes: int, kind: type[Exception], message: str) -> None:
    error = diagnosis.why(7000, ["first", AT + line], free_bytes)

    assert (type(error), str(error)) == (kind, message)
    assert error.fields
    assert error.fields["log"] == ["first", AT + line]


def test_a_node_that_could_not_even_log() -> None:
    assert [type(diagnosis.why(7000, [], free)) for free in (4096, 2**30)] == [DiskFull, NodeFailed]
