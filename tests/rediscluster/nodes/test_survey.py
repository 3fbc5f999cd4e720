from __future__ import annotations

import pytest

from rediscluster.nodes import survey
from rediscluster.nodes.resp import Command, parse_error
from rediscluster.topology.ready_conditions import NodeReport
from tests.rediscluster.operations.fake_node import FakeNode


@pytest.mark.parametrize("refused", survey.REPORT_COMMANDS)
async def test_a_node_that_rejects_a_command_has_an_empty_report(refused: Command) -> None:
    node = FakeNode(7000, lambda command: parse_error("NOPERM") if command == refused else "")

    assert await survey.fetch_report(node) == NodeReport(7000, None, {}, {})
