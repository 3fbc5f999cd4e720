"""Clean: the nodes end, and their files go: those that Redis and we write, in our folder, and no others."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from rediscluster.errors import ClusterAbsent, KeysExist
from rediscluster.nodes import client, files, manifest, server, survey
from rediscluster.nodes.manifest import CLEANING, STOPPED, Manifest
from rediscluster.operations.result import Cleaned, Phases
from rediscluster.operations.stop import LOOK_S, count_keys, ours
from system.lib.quantities import first_few


async def clean(confirm: bool, phases: Phases) -> Cleaned:
    """See `cluster.clean`; the caller holds the lock."""
    try:
        with phases("check"):
            made = await ours()
            await asyncio.to_thread(files.check_contents, made.ports)
    except ClusterAbsent:
        return Cleaned(True, "There is nothing to clean.", (), (), datetime.now(UTC))
    if not confirm and made.state != CLEANING:  # an interrupted clean was confirmed
        await _refuse_keys(made)
    await asyncio.to_thread(manifest.save, replace(made, state=CLEANING))
    with phases("stop"):
        await asyncio.gather(*(server.kill(each.port, each.process) for each in made.nodes if each.process))
    with phases("delete"):
        swept = await asyncio.to_thread(files.sweep, made.ports)
        await asyncio.to_thread(manifest.remove)
        beside = await asyncio.to_thread(files.remove_folder)
    left = (*swept.left, *(name for name in beside if name not in map(str, made.ports)))
    said = f"Deleted the cluster: {len(made.ports)} nodes, {len(swept.deleted)} files."
    if left:
        said += f" Left alone, because not ours: {first_few(left)}."
    return Cleaned(True, said, swept.deleted, left, datetime.now(UTC))


async def _refuse_keys(made: Manifest) -> None:
    """Raises KeysExist, also when keys may exist that cannot be counted."""
    alive = tuple(each.port for each in made.nodes if each.process)
    async with client.connected(alive) as nodes:
        accounts = await survey.ask_each(nodes.values(), timeout_s=LOOK_S)
        masters = [each.port for each in accounts if each.replication.get("role") == "master"]
        keys = await count_keys(nodes, masters)
    silent = len(made.ports) - sum(each.view is not None for each in accounts)
    if silent:
        keys = max(keys, made.keys)
    if keys:
        raise KeysExist(keys)
    if silent and made.state != STOPPED and await asyncio.to_thread(files.may_hold_keys, made):
        raise KeysExist(None)
