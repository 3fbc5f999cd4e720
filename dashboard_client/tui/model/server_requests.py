"""Builds the requests that the dashboard sends on the user's behalf, and what each confirmation shows. [pure]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from dashboard_client.network.pm2_verbs import PM2_VERBS
from dashboard_client.wire.action_result import ActionResult, PlannedApp, StartPreview
from dashboard_client.wire.benchmarks import AcceptedRun
from dashboard_client.wire.host_and_pm2 import Process
from dashboard_client.wire.redis import RedisNode, RedisStatus
from dashboard_client.wire.system_config import SavedTarget


class Confirmation(StrEnum):
    """Required before a request is sent: nothing, the `y` key, or a typed word."""

    NONE = "none"
    YES = "yes"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class ServerRequest:
    """`api_method`: of `network.endpoints.Endpoints`. `affected`: a line for each thing that it changes, to be
    confirmed; `word`: to type for the confirmation. `next_requests`: sent in order, each after the previous one
    succeeded."""

    title: str
    api_method: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    response_type: type[object] = ActionResult
    affected: tuple[str, ...] = ()
    word: str = ""
    next_requests: tuple[ServerRequest, ...] = ()
    is_read_only: bool = False  # allowed with --readonly

    @property
    def confirmation(self) -> Confirmation:
        return Confirmation.WORD if self.word else Confirmation.YES if self.affected else Confirmation.NONE


RESUME_REDIS = ServerRequest("Resume the cluster", "redis_resume")
REDIS_STATUS = ServerRequest("Cluster status", "redis_status", response_type=RedisStatus, is_read_only=True)
IMPORT_HISTORY = ServerRequest("Import the history file", "benchmark_reload")


def set_up_redis(nodes: int, **options: object) -> ServerRequest:
    return ServerRequest(f"Set up {nodes} Redis nodes", "redis_setup", {"node_count": nodes, **options})


def preview_file(path: str) -> ServerRequest:
    """What an ecosystem file on the server would start; the response asks for a confirmation."""
    arguments = {"ecosystem": path, "preview": True}
    return ServerRequest(f"Evaluate {path}", "pm2_start", arguments, response_type=StartPreview)


def start_file(path: str, apps: Sequence[PlannedApp]) -> ServerRequest:
    lines = tuple(line for app in apps for line in app.lines)
    return ServerRequest(f"Start {path}", "pm2_start", {"ecosystem": path}, affected=lines)


def save_list() -> ServerRequest:
    return pm2_request("save", "Save PM2's list")


def resurrect(saved: Sequence[str]) -> ServerRequest:
    """`saved`: the names that are saved and not listed."""
    request = pm2_request("resurrect", "Start what is saved")
    return replace(request, affected=tuple(f"start {name}, as it was saved" for name in saved))


def pm2_request(verb: str, title: str, **arguments: object) -> ServerRequest:
    return ServerRequest(title, PM2_VERBS[verb].api_method, arguments)


def chain_requests(requests: Sequence[ServerRequest]) -> ServerRequest:
    """Sends `requests` in order; a failure drops the rest."""
    return replace(requests[0], next_requests=tuple(requests[1:]))


def run_benchmark(name: str, scenario: Mapping[str, object], kind: str = "framework") -> ServerRequest:
    """`kind`: framework or target."""
    title = f"Benchmark {name} {scenario.get('endpoint', '')}".rstrip()
    return ServerRequest(title, "benchmark_run", {kind: name, **scenario}, AcceptedRun)


def save_target(name: str, **place: object) -> ServerRequest:
    """`place`: as of `Endpoints.save_target`."""
    return ServerRequest(f"Save target {name}", "save_target", {"name": name, **place}, SavedTarget)


def cancel_run(run_id: str, title: str) -> ServerRequest:
    return ServerRequest("Cancel the run", "benchmark_cancel", {"run_id": run_id}, affected=(title,))


def set_baseline(run_id: str, title: str) -> ServerRequest:
    affected = (title, "later runs of its framework and endpoint compare with it, not with the previous one")
    return ServerRequest("Set the baseline", "benchmark_set_baseline", {"run_id": run_id}, affected=affected)


def remove_baseline(run_id: str, title: str) -> ServerRequest:
    affected = (title, "is no longer the baseline; it stays in the history")
    return ServerRequest("Remove the baseline", "benchmark_remove_baseline", {"run_id": run_id}, affected=affected)


def clear_history() -> ServerRequest:
    affected = ("every result in the server's history", "(the server writes an export first)")
    return ServerRequest("Clear the benchmark history", "benchmark_clear", affected=affected)


def stop_redis() -> ServerRequest:
    affected = ("every node of the cluster that this server runs; data is kept",)
    return ServerRequest("Stop the cluster", "redis_stop", affected=affected)


def clean_redis(keys: int | None) -> ServerRequest:
    lost = "its keys" if keys is None else f"{keys:,} keys"
    affected = ("every node of the cluster that this server runs", f"{lost}, permanently")
    return ServerRequest("Clean Redis", "redis_clean", {"confirm": True}, affected=affected, word="clean")


def failover(node: RedisNode, replicas: tuple[RedisNode, ...]) -> ServerRequest:
    """Promote a replica of `node`'s shard; the server chooses which."""
    candidates = ", ".join(str(replica.port) for replica in replicas) or "none known"
    affected = (f"shard of master {node.port}, {node.slots} slots", f"a replica takes over: {candidates}")
    return ServerRequest(f"Failover of {node.port}", "redis_failover", {"port": node.port}, affected=affected)


def cleanup(processes: tuple[Process, ...], keys: int | None) -> ServerRequest:
    delete, clean = for_all_processes("delete", processes), clean_redis(keys)
    affected = (*delete.affected, *clean.affected)
    return replace(delete, title="Full cleanup", affected=affected, word="cleanup", next_requests=(clean,))


def for_all_processes(verb: str, processes: tuple[Process, ...]) -> ServerRequest:
    """stop, restart or delete all."""
    affected = tuple(f"{process.pm_id} {process.name} ({process.status})" for process in processes)
    return ServerRequest(
        f"{verb.capitalize()} all processes", PM2_VERBS[verb].api_method_for_all,
        affected=affected or ("no known processes",), word="delete" if verb == "delete" else "",
    )  # fmt: skip


def for_process(verb: str, process: Process) -> ServerRequest:
    """stop, restart or delete one process, by `pm_id`: names may be shared."""
    line = f"{process.pm_id} {process.name}, pid {process.pid}, {process.status}"
    request = pm2_request(verb, f"{verb.capitalize()} {process.name} ({process.pm_id})", pm_id=process.pm_id)
    return replace(request, affected=(line,))
