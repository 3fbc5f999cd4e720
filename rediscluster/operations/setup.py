"""Setup: from nothing, or from what an earlier one left, to a cluster that takes writes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from rediscluster.errors import ClusterExists, ClusterStopped, NodeUnreachable, NotOurs, RedisClusterError
from rediscluster.nodes import client, files, manifest, server, survey
from rediscluster.nodes.manifest import CLEANING, CREATING, FAILED, RUNNING, STOPPED, Manifest
from rediscluster.nodes.server import Program
from rediscluster.operations import form, result
from rediscluster.operations.result import Outcome, Phases
from rediscluster.topology.plan import Plan
from rediscluster.topology.readiness import Account
from system.lib.quantities import ports, several


async def setup(plan: Plan, phases: Phases) -> Outcome:
    """See `cluster.setup`; the caller holds the lock."""
    with phases("check"):
        await asyncio.to_thread(files.check_folder)
        found = await asyncio.to_thread(manifest.load)
        if found and found.state not in (CREATING, FAILED, CLEANING):
            return await _settled(found, plan, phases)
        if found:
            await _clear_leftovers(found)
        program = await asyncio.to_thread(_check_ground, plan)
    made = manifest.new(plan, program.path, program.version)
    try:
        with phases("start"):
            await asyncio.to_thread(_write_ground, made)
            made = await server.start(made, made.ports)
        async with server.explained(made):
            accounts = await _bring_together(made, phases)
        await asyncio.to_thread(manifest.save, replace(made, state=RUNNING))
    except BaseException as error:
        await _undo(made, str(error) or type(error).__name__)
        raise
    said = f"Set up {plan.node_count} nodes in {phases.seconds:.2f} s: {plan}."
    return result.done(said, plan, phases, accounts=accounts, warnings=[program.warning])


async def _settled(found: Manifest, plan: Plan, phases: Phases) -> Outcome:
    """The answer when this very cluster runs already. Raises ClusterExists, ClusterStopped."""
    if found.state == STOPPED:
        raise ClusterStopped(
            f"There is a stopped cluster: {found.plan}, {several(found.keys, 'key')}. Resume it or clean it."
        )
    if found.plan != plan:
        where = f"{found.plan}, on {ports(found.ports)}, persistence {found.plan.persistence}"
        raise ClusterExists(f"There is another cluster: {where}. Clean it first; a cluster is not resized.")
    async with client.connected(found.ports) as nodes:
        try:
            accounts = await form.until_ready(nodes, None, within_s=0, aftermath="Resume it.")
        except RedisClusterError as error:
            raise ClusterExists(f"This cluster is there, but does not work. {error}") from error
    return result.done(f"This cluster runs already: {plan}.", plan, phases, accounts=accounts, changed=False)


async def _clear_leftovers(found: Manifest) -> None:
    """What a setup or a clean left that did not come to its end. Raises NotOurs when there are keys after all."""
    await asyncio.to_thread(files.check_nodes, found.ports)
    await asyncio.to_thread(files.check_contents, found.ports)
    found = await asyncio.to_thread(server.adopt, found)
    alive = {each.port: each.process for each in found.nodes if each.process}
    if found.state != CLEANING:  # whoever cleaned wanted the keys gone
        await _refuse_keys(tuple(alive))
    await asyncio.gather(*(server.kill(port, process) for port, process in alive.items()))
    await asyncio.to_thread(files.sweep, found.ports)
    await asyncio.to_thread(manifest.remove)


async def _refuse_keys(ports: Sequence[int]) -> None:
    async with client.connected(ports) as nodes:
        for port, node in nodes.items():
            with suppress(NodeUnreachable):
                if keys := await survey.count_keys(node):
                    raise NotOurs(
                        f"The node on {port}, left by a setup that did not end, holds {several(keys, 'key')}. "
                        "It was left alone; clean with confirm: true deletes them."
                    )


def _check_ground(plan: Plan) -> Program:
    """Nothing is written and nothing started before this has passed."""
    server.check_ports(plan.ports)
    files.check_nodes(plan.ports)
    files.check_contents(plan.ports)
    files.check_unclaimed(plan.ports)
    return server.program()


def _write_ground(made: Manifest) -> None:
    files.make_folder()
    manifest.save(made)
    server.prepare(made, made.ports)


async def _bring_together(made: Manifest, phases: Phases) -> list[Account]:
    async with client.connected(made.ports) as nodes:
        with phases("form"):
            await form.form(nodes, made.plan)
        with phases("ready"):
            accounts = await form.until_ready(
                nodes,
                made.plan,
                within_s=form.deadline_s(made.plan.node_count),
                aftermath="All of it was stopped again; the logs are kept.",
            )
        with phases("verify"):
            await form.probe(nodes, accounts)
            await form.settle(nodes)
    return accounts


async def _undo(made: Manifest, reason: str) -> None:
    """Stop what this setup started; redis.conf and logs stay for whoever wants to know why."""
    with suppress(RedisClusterError, OSError):
        found = await asyncio.to_thread(server.adopt, made)
        await asyncio.gather(*(server.kill(each.port, each.process) for each in found.nodes if each.process))
        await asyncio.to_thread(manifest.save, replace(found, state=FAILED, error=reason))
