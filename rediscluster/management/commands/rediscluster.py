"""The cluster from the command line: the same operations as `/api/redis`. Results on stdout, progress on stderr."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.management.base import CommandError

from rediscluster.errors import KeysExist, RedisClusterError
from rediscluster.operations import cluster
from rediscluster.operations.result import Cleaned, OperationResult
from rediscluster.operations.setup_preview import SetupPreview
from rediscluster.status import cluster_sampler, queries, text_map
from rediscluster.status.node_stats import UP
from rediscluster.status.state_summary import RUNNING
from rediscluster.topology import plan
from rediscluster.topology.plan import PERSISTENCE
from system.errors import HostError
from system.lib import audit_hook
from system.lib.commands import CommandLine
from system.lib.text import table
from system.lib.wire import to_wire

T = TypeVar("T")
WINDOW_S = 0.5  # between the two readings that rates are computed from


class Command(CommandLine):
    help = "Form, stop, resume, clean or show the local Redis Cluster."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        setup = verbs.add_parser("setup", help="form a cluster; returns after a write to each shard")
        setup.add_argument("-n", "--nodes", type=int, default=6, help="how many (default: 6)")
        setup.add_argument("-r", "--replicas", type=int, help="per master (default: depends on the number of nodes)")
        setup.add_argument("--base-port", type=int, default=settings.REDIS_BASE_PORT)
        setup.add_argument("--max-memory", type=int, default=0, metavar="BYTES", help="per node (default: no limit)")
        setup.add_argument("--persistence", choices=PERSISTENCE, default="none")
        setup.add_argument("--allow-no-failover", action="store_true", help="allow fewer than three masters")
        setup.add_argument("--preview", action="store_true", help="check and print the plan; start nothing")
        stop = verbs.add_parser("stop", help="save the keys and stop all nodes")
        stop.add_argument("--discard", action="store_true", help="do not save; all keys are lost")
        verbs.add_parser("resume", help="start the nodes that are down")
        clean = verbs.add_parser("clean", help="stop the cluster and delete its files")
        clean.add_argument("--yes", action="store_true", help="also when it holds keys")
        failover = verbs.add_parser("failover", help="promote a replica to master of its shard")
        failover.add_argument("port", type=int, help="the replica, or the master of the shard")
        verbs.add_parser("status", help="the state, the map, the next step; exit code 1 unless all nodes are up")
        for verb_parser in verbs.choices.values():
            verb_parser.add_argument("--json", action="store_true", help="the API's JSON instead of text")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        changes = verb != "status" and not options.get("preview")
        subject = str(options.get("port") or options.get("nodes") or "")
        try:
            result = asyncio.run(_run_until_signal(getattr(self, f"_{verb}")(options)))
        except (RedisClusterError, HostError, OSError) as error:
            if changes:
                audit_hook.record_command(f"redis.{verb}", subject, str(error), error)
            hint = " Here: --yes." if isinstance(error, KeysExist) else ""
            raise CommandError("\n  ".join([f"{error}{hint}", *_log_lines(error)])) from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted. An unfinished setup was rolled back.", returncode=130) from None
        except asyncio.CancelledError:
            raise CommandError("Terminated. An unfinished setup was rolled back.", returncode=143) from None
        if result:
            if changes:
                audit_hook.record_command(f"redis.{verb}", subject, result.message)  # before output that can fail
            self._print(options, result, lambda: _describe(result))
            for warning in getattr(result, "warnings", ()):
                self.stderr.write(f"Warning: {warning}")

    async def _setup(self, options: dict[str, Any]) -> OperationResult | SetupPreview:
        requested = plan.make_plan(
            options["nodes"],
            replicas=options["replicas"],
            base_port=options["base_port"],
            max_memory_bytes=options["max_memory"],
            persistence=options["persistence"],
            allow_no_failover=options["allow_no_failover"],
            max_nodes=settings.REDIS_MAX_NODES,
        )
        if options["preview"]:
            return await cluster.preview(requested)
        return await cluster.setup(requested, self._show_phase)

    async def _stop(self, options: dict[str, Any]) -> OperationResult:
        return await cluster.stop(discard=options["discard"], on_phase=self._show_phase)

    async def _resume(self, options: dict[str, Any]) -> OperationResult:
        return await cluster.resume(self._show_phase)

    async def _clean(self, options: dict[str, Any]) -> Cleaned:
        return await cluster.clean(confirm=options["yes"], on_phase=self._show_phase)

    async def _failover(self, options: dict[str, Any]) -> OperationResult:
        return await cluster.failover(options["port"], self._show_phase)

    async def _status(self, options: dict[str, Any]) -> None:
        await cluster_sampler.sample()
        await asyncio.sleep(WINDOW_S)
        status, stats = await queries.fetch_status(), await cluster_sampler.sample()
        self._print(options, {"status": status, "stats": stats}, lambda: text_map.render_status(status, stats))
        if status.state != RUNNING or any(node.state != UP for node in stats.stats):
            sys.exit(1)

    def _print(self, options: dict[str, Any], value: object, lines: Callable[[], list[str]]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(to_wire(value)))
        else:
            self.stdout.write("\n".join(lines()))

    def _show_phase(self, phase: str, ms: float | None) -> None:
        """A line at the end of each phase; on a terminal also at its start."""
        if ms is None:
            if self.stderr.isatty():
                self.stderr.write(f"{phase:<10}…", ending="\r")
            return
        self.stderr.write(f"{phase:<10}{ms:>10,.1f} ms")


def _describe(result: OperationResult | Cleaned | SetupPreview) -> list[str]:
    """The message, and of a preview the planned shards."""
    if not isinstance(result, SetupPreview):
        return [result.message]
    rows: list[tuple[str, ...]] = [("shard", "slots", "master", "replicas")]
    for number, shard in enumerate(result.plan.shards, 1):
        replicas = ", ".join(map(str, shard.replica_ports)) or "none"
        rows.append((str(number), ", ".join(shard.slots), str(shard.master_port), replicas))
    return [result.message, "", *table(rows)]


async def _run_until_signal(verb: Awaitable[T]) -> T:
    """SIGTERM, and SIGHUP of a terminal that closes, end a verb as Ctrl-C does: its undoing is waited for."""
    task = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if task and signal.getsignal(number) != signal.SIG_IGN:  # not under nohup
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await verb


def _log_lines(error: Exception) -> list[str]:
    """The last lines of the node's log, if the error carries them."""
    return [str(line) for line in (getattr(error, "fields", None) or {}).get("log", [])]
