"""Stop: replicas before their masters, keys on disk first."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from rediscluster.errors import ClusterAbsent, RedisClusterError
from rediscluster.nodes import client, files, manifest, server, survey
from rediscluster.nodes.client import Node
from rediscluster.nodes.gather import all_of
from rediscluster.nodes.manifest import STOPPED, STOPPING, Manifest
from rediscluster.operations import result
from rediscluster.operations.result import Outcome, Phases
from system.lib.quantities import several

LOOK_S = 1.0


async def stop(discard: bool, phases: Phases) -> Outcome:
    """See `cluster.stop`; the caller holds the lock."""
    with phases("check"):
        made = await ours()
    alive = tuple(each.port for each in made.nodes if each.process)
    if not alive and made.state == STOPPED and not discard:
        return result.done("The cluster is stopped already.", made.plan, phases, changed=False)
    keys = await end(made, phases, save=not discard)
    if discard:
        await asyncio.to_thread(files.sweep, made.ports, data_only=True)
    await asyncio.to_thread(manifest.save, _at_rest(made, keys))
    about_keys = "the keys are discarded" if discard else f"{several(keys, 'key')} saved"
    said = f"Stopped {several(len(alive), 'node')} in {phases.seconds:.2f} s; {about_keys}."
    return result.done(said, made.plan, phases)


async def ours() -> Manifest:
    """The cluster of ours, with its processes as they are. Raises ClusterAbsent, NotOurs."""
    await asyncio.to_thread(files.check_folder)
    found = await asyncio.to_thread(manifest.load)
    if found is None:
        raise ClusterAbsent
    await asyncio.to_thread(files.check_nodes, found.ports)
    return await asyncio.to_thread(server.adopt, found)


async def end(made: Manifest, phases: Phases, *, save: bool) -> int:
    """End all that runs; the number of keys there were, 0 when they are not saved. Raises SaveFailed."""
    alive = {each.port: each.process for each in made.nodes if each.process}
    for process in alive.values():
        server.wake(process)
    async with client.connected(tuple(alive)) as nodes:
        accounts = await survey.ask_each(nodes.values(), timeout_s=LOOK_S)
        replicas = [each.port for each in accounts if each.replication.get("role") == "slave"]
        masters = [port for port in alive if port not in replicas]
        keys = await count_keys(nodes, masters)
        if not alive or made.state == STOPPING:  # an earlier stop has counted those that it ended
            keys = max(keys, made.keys)
        keys = keys if save else 0
        await asyncio.to_thread(manifest.save, replace(made, state=STOPPING, keys=keys))
        for name, group in (("replicas", replicas), ("masters", masters)):
            if group:
                with phases(name):
                    await all_of(server.stop(nodes[port], alive[port], save=save) for port in group)
    return keys


async def count_keys(nodes: dict[int, Node], ports: list[int]) -> int:
    """Of those that answer."""
    keys = 0
    for port in ports:
        with suppress(RedisClusterError):
            keys += await survey.count_keys(nodes[port])
    return keys


def _at_rest(made: Manifest, keys: int) -> Manifest:
    for port in made.ports:
        made = made.with_process(port, None)
    return replace(made, state=STOPPED, keys=keys, error=None)
