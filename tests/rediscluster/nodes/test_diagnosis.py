from __future__ import annotations

import pytest

from rediscluster.errors import DiskFull, NodeFailed, NodesConfUnreadable
from rediscluster.nodes import diagnosis

LOG_PREFIX = "812:M 23 Nov 2026 15:07:37.984 # "


@pytest.mark.parametrize(
    ("line", "free_bytes", "kind", "message"),
    [
        (
            "Fatal: can't update cluster config file.", 4096, DiskFull,
            "No space left on disk: the node on 7000 could not write its files. Free some and try again.",
        ),
        (
            "Fatal: can't update cluster config file.", 2**30, NodeFailed,
            "The node on 7000 failed: it exited; its last log line is: Fatal: can't update cluster config file.",
        ),
        (
            "Unrecoverable error: corrupted cluster config file.", 2**30, NodesConfUnreadable,
            "The node on 7000 failed: its nodes.conf is damaged or cannot be read. "
            "Restore its nodes.conf, or clean the cluster and set it up again.",
        ),
        (
            "Failed listening on port 7000 (TCP), aborting.", 2**30, NodeFailed,
            "The node on 7000 failed: its port or its bus port was taken by another program.",
        ),
    ],
)  # fmt: skip
def test_the_last_log_line_of_a_node_explains_its_exit(
    line: str, free_bytes: int, kind: type[Exception], message: str
) -> None:
    error = diagnosis.explain_exit(7000, ["first", LOG_PREFIX + line], free_bytes)

    assert (type(error), str(error)) == (kind, message)
    assert error.fields
    assert error.fields["log"] == ["first", LOG_PREFIX + line]


def test_an_empty_log_means_a_full_disk_only_when_space_is_low() -> None:
    assert [type(diagnosis.explain_exit(7000, [], free)) for free in (4096, 2**30)] == [DiskFull, NodeFailed]
