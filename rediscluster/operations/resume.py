"""Resume: what does not run is started again, with its keys and its place in the cluster."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from rediscluster.errors import ClusterStopped, NodesConfUnreadable, RedisClusterError
from rediscluster.nodes import client, files, manifest, server
from rediscluster.nodes.gather import all_of
from rediscluster.nodes.manifest import CLEANING, CREATING, FAILED, RESUMING, RUNNING, STOPPED, Manifest
from rediscluster.operations import failover, form, result
from rediscluster.operations.result import Outcome, Phases
from rediscluster.operations.stop import count_keys, ours
from rediscluster.topology.readiness import Account
from system.lib.quantities import several


async def resume(phases: Phases) -> Outcome:
    """See `cluster.resume`; the caller holds the lock."""
    with phases("check"):
        made = await ours()
        if made.state in (CREATING, FAILED, CLEANING):
            raise ClusterStopped(
                "A setup or clean of this cluster did not come to its end. Set it up again, or clean it."
            )
        down = tuple(each.port for each in made.nodes if each.process is None)
        await asyncio.to_thread(_check_return, down)
        for each in made.nodes:
            if each.process:
                server.wake(each.process)
    if down:
        made = await _bring_back(made, down, phases)
    async with server.explained(made):
        accounts, keys = await _until_whole(made, phases)
    await asyncio.to_thread(manifest.save, replace(made, state=RUNNING, keys=keys, error=None))
    if not down:
        return result.done("All nodes run already.", made.plan, phases, accounts=accounts, changed=False)
    which = f"node {down[0]}" if len(down) == 1 else f"{len(down)} nodes"
    said = f"Resumed {which} in {phases.seconds:.2f} s: {several(keys, 'key')}."
    return result.done(said, made.plan, phases, accounts=accounts)


def _check_return(down: tuple[int, ...]) -> None:
    """Raises NodesConfUnreadable, PortTaken; nothing has been started then."""
    for port in down:
        if not files.has_nodes_conf(port):
            advice = "Restore it, or clean the cluster and set it up again."
            raise NodesConfUnreadable(port, "its nodes.conf is gone or empty", [], advice)
    server.check_ports(down)


async def _bring_back(made: Manifest, down: tuple[int, ...], phases: Phases) -> Manifest:
    before = made.state
    await asyncio.to_thread(manifest.save, replace(made, state=RESUMING))
    alive = tuple(port for port in made.ports if port not in down)
    if alive:
        with phases("promote"):
            await failover.secure_shards(alive, down)
    try:
        with phases("start"):
            made = await asyncio.to_thread(_with_program, made)
            await asyncio.to_thread(server.prepare, made, down)
            return await server.start(made, down)
    except BaseException as error:
        await _undo(made, down, before if alive else STOPPED, str(error))
        raise


def _with_program(made: Manifest) -> Manifest:
    """The redis-server of the setup; another one when it has been removed since. Raises BinaryMissing."""
    if Path(made.program).exists():
        return made
    found = server.program()
    return replace(made, program=str(found.path), executable=str(found.path.resolve()), version=found.version)


async def _undo(made: Manifest, down: tuple[int, ...], state: str, reason: str) -> None:
    """End what was started: each with the keys that it had loaded."""
    found = await asyncio.to_thread(server.adopt, made)
    started = {each.port: each.process for each in found.nodes if each.process and each.port in down}
    async with client.connected(tuple(started)) as nodes:
        try:
            await all_of(server.stop(nodes[port], process, save=True) for port, process in started.items())
        except RedisClusterError as error:
            reason = f"{reason} {error}"
    for port in down:
        found = found.with_process(port, None)
    await asyncio.to_thread(manifest.save, replace(found, state=state, error=reason))


async def _until_whole(made: Manifest, phases: Phases) -> tuple[list[Account], int]:
    async with client.connected(made.ports) as nodes:
        with phases("ready"):
            accounts = await form.until_ready(
                nodes,
                None,
                within_s=form.deadline_s(len(nodes)),
                aftermath="The nodes go on running; look at the status.",
            )
        with phases("verify"):
            await form.probe(nodes, accounts)
            masters = [each.port for each in accounts if each.replication.get("role") == "master"]
            return accounts, await count_keys(nodes, masters)
