"""The page previews a cluster's topology by the server's own rules."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import pm2site
from rediscluster.errors import InvalidPlan
from rediscluster.topology import plan
from system.host import binaries

MODULE = Path(pm2site.__file__).parent / "static" / "pm2site" / "format" / "topology.js"
MAX_NODES = 30
SHAPES: list[dict[str, Any]] = [
    {"nodeCount": nodes, "replicas": replicas, "basePort": base_port, "maxMemory": 0, "allowNoFailover": allow}
    for nodes in range(1, MAX_NODES + 2)
    for replicas in (None, 0, 1, 2, 3)
    for base_port in (7000, 55_530)
    for allow in (False, True)
]
CODE = f"""
import {{ problemOf, topologyOf }} from {json.dumps(MODULE.as_uri())};
let text = "";
for await (const chunk of process.stdin) text += chunk;
console.log(JSON.stringify(JSON.parse(text).map((shape) => {{
  const problem = problemOf(shape, {MAX_NODES});
  return problem ? {{ problem: problem.field, nearest: problem.nearest }} : topologyOf(shape);
}})));
"""


def of_server(shape: dict[str, Any]) -> dict[str, Any]:
    try:
        planned = plan.make_plan(
            shape["nodeCount"], replicas=shape["replicas"], base_port=shape["basePort"],
            allow_no_failover=shape["allowNoFailover"], max_nodes=MAX_NODES,
        )  # fmt: skip
    except InvalidPlan as error:
        fields = dict(error.fields or {})
        nearest = fields.pop("nearest", [])
        return {"problem": next(iter(fields)), "nearest": nearest}
    shards = [
        {
            "port": node.port, "first": node.slots.first, "last": node.slots.last,
            "replicas": [replica.port for replica in planned.nodes if replica.master_port == node.port],
        }
        for node in planned.nodes if node.slots
    ]  # fmt: skip
    return {"replicas": planned.replicas, "hasFailover": planned.has_failover, "shards": shards, "text": str(planned)}


@pytest.mark.real
def test_page_and_server_plan_the_same_topology() -> None:
    node = binaries.find("node")
    assert node
    completed = subprocess.run(
        [str(node.path), "--input-type=module", "-e", CODE],
        input=json.dumps(SHAPES), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert json.loads(completed.stdout) == [of_server(shape) for shape in SHAPES]
