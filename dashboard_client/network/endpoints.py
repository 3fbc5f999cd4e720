"""One method per REST endpoint, each returning the decoded JSON object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO
from urllib.parse import quote

from dashboard_client.network.access_endpoints import AccessEndpoints
from dashboard_client.network.calls import Json
from dashboard_client.network.history_endpoints import HistoryEndpoints
from dashboard_client.network.pm2_verbs import PM2_VERBS
from dashboard_client.network.target_endpoints import TargetEndpoints

REDIS_TIMEOUT_S = 185.0  # the server's own deadline plus 5 s: a node has 120 s to save its keys
SLOW_REQUEST_TIMEOUT_S = 65.0
EXPORT_MEDIA_TYPES = {"json": "application/json", "csv": "text/csv", "md": "text/markdown", "benchstat": "text/plain"}


class Endpoints(TargetEndpoints, HistoryEndpoints, AccessEndpoints):
    """Every method raises the errors of `dashboard_client.errors`."""

    def health(self) -> Json:
        return self.call("GET", "/health")

    def ready(self) -> Json:
        """Also returns the response of a server that is not ready (503), with `status` and `checks`."""
        return self.call("GET", "/ready", accept_status=503)

    def system_stats(self) -> Json:
        return self.call("GET", "/api/system/stats")

    def system_cpu(self) -> Json:
        return self.call("GET", "/api/system/cpu")

    def system_memory(self) -> Json:
        return self.call("GET", "/api/system/memory")

    def system_config(self) -> Json:
        return self.call("GET", "/api/system/config")

    def activity(
        self, limit: int | None = None, since: str | None = None, action: str | None = None, actor: str | None = None
    ) -> Json:
        query = {"limit": limit, "since": since, "action": action, "actor": actor}
        return self.call("GET", "/api/activity", query=query)

    def pm2_stats(self, process: str | None = None) -> Json:
        """`process`: only what this name, namespace or pm_id selects."""
        return self.call("GET", "/api/pm2/stats", query={"process": process})

    def pm2_process(self, pm_id: int) -> Json:
        return self.call("GET", f"/api/pm2/processes/{int(pm_id)}")

    def pm2_frameworks(self) -> Json:
        return self.call("GET", "/api/pm2/frameworks")

    def pm2_start(
        self, framework: str | None = None, instances: int | None = None, *, name: str | None = None,
        pm_id: int | None = None, ecosystem: str | None = None, only: Sequence[str] | None = None,
        env: str | None = None, preview: bool | None = None,
    ) -> Json:  # fmt: skip
        """A framework, processes that are not running, or the apps of a file on the server; `only`, `env`, `preview`:
        of a file."""
        file = {"ecosystem": ecosystem, "only": only, "env": env, "preview": preview}
        return self._pm2("start", {**_selector(framework, name, pm_id), "instances": instances, **file})

    def pm2_stop(self, framework: str | None = None, *, name: str | None = None, pm_id: int | None = None) -> Json:
        return self._pm2("stop", _selector(framework, name, pm_id))

    def pm2_restart(self, framework: str | None = None, *, name: str | None = None, pm_id: int | None = None) -> Json:
        return self._pm2("restart", _selector(framework, name, pm_id))

    def pm2_delete(self, framework: str | None = None, *, name: str | None = None, pm_id: int | None = None) -> Json:
        return self._pm2("delete", _selector(framework, name, pm_id))

    def pm2_reload(self, framework: str | None = None, *, name: str | None = None, pm_id: int | None = None) -> Json:
        return self._pm2("reload", _selector(framework, name, pm_id))

    def pm2_scale(
        self, framework: str | None, instances: int, *, name: str | None = None, pm_id: int | None = None
    ) -> Json:
        return self._pm2("scale", {**_selector(framework, name, pm_id), "instances": instances})

    def pm2_rolling_restart(
        self, framework: str | None = None, *, name: str | None = None, pm_id: int | None = None
    ) -> Json:
        return self._pm2("rolling-restart", _selector(framework, name, pm_id))

    def pm2_flush(self, framework: str | None = None, *, name: str | None = None, pm_id: int | None = None) -> Json:
        """Empties log files."""
        return self._pm2("flush", _selector(framework, name, pm_id))

    def pm2_reset(self, framework: str | None = None, *, name: str | None = None, pm_id: int | None = None) -> Json:
        return self._pm2("reset", _selector(framework, name, pm_id))

    def pm2_signal(
        self, signal: str, framework: str | None = None, *, name: str | None = None, pm_id: int | None = None
    ) -> Json:
        """`signal`: such as SIGHUP."""
        return self._pm2("signal", {**_selector(framework, name, pm_id), "signal": signal})

    def pm2_save(self, force: bool | None = None) -> Json:
        """`force`: an empty list too."""
        return self._pm2("save", {"force": force})

    def pm2_resurrect(self) -> Json:
        return self._pm2("resurrect", {})

    def pm2_flush_all(self) -> Json:
        return self._pm2_all("flush")

    def pm2_reset_all(self) -> Json:
        return self._pm2_all("reset")

    def pm2_stop_all(self) -> Json:
        return self._pm2_all("stop")

    def pm2_restart_all(self) -> Json:
        return self._pm2_all("restart")

    def pm2_delete_all(self) -> Json:
        return self._pm2_all("delete")

    def pm2_reload_all(self) -> Json:
        return self._pm2_all("reload")

    def pm2_logs(
        self,
        framework: str | None = None,
        *,
        pm_id: int | None = None,
        process: str | None = None,
        lines: int | None = None,
        stream: str | None = None,
        search: str | None = None,
        since: str | None = None,
    ) -> Json:
        """`process`: a name or pm_id; `stream`: out or err; `since`: an ISO 8601 timestamp."""
        query = {
            "framework": framework,
            "pmId": pm_id,
            "process": process,
            "lines": lines,
            "stream": stream,
            "search": search,
            "since": since,
        }
        return self.call("GET", "/api/pm2/logs", query=query)

    def pm2_exits(self, framework: str | None = None, limit: int | None = None) -> Json:
        return self.call("GET", "/api/pm2/exits", query={"framework": framework, "limit": limit})

    def pm2_exit(self, exit_id: int) -> Json:
        return self.call("GET", f"/api/pm2/exits/{exit_id}")

    def redis_nodes(self) -> Json:
        return self.call("GET", "/api/redis/nodes")

    def redis_stats(self) -> Json:
        return self.call("GET", "/api/redis/stats")

    def redis_status(self) -> Json:
        return self.call("GET", "/api/redis/status")

    def redis_setup(self, node_count: int, replicas: int | None = None, **options: object) -> Json:
        """`options`: basePort, maxMemory, persistence, allowNoFailover."""
        return self._redis("setup", {"nodeCount": node_count, "replicas": replicas, **options})

    def redis_setup_preview(self, node_count: int, replicas: int | None = None, **options: object) -> Json:
        """The cluster that `redis_setup` would form, after its checks; starts nothing."""
        return self._redis("setup", {"nodeCount": node_count, "replicas": replicas, **options, "preview": True})

    def redis_stop(self, discard: bool | None = None) -> Json:
        return self._redis("stop", {"discard": discard})

    def redis_resume(self) -> Json:
        return self._redis("resume", {})

    def redis_clean(self, confirm: bool | None = None) -> Json:
        return self._redis("clean", {"confirm": confirm})

    def redis_failover(self, port: int) -> Json:
        return self._redis("failover", {"port": port})

    def redis_node_info(self, port: int) -> Json:
        return self.call("GET", f"/api/redis/nodes/{int(port)}/info")

    def redis_slowlog(self, port: int) -> Json:
        return self.call("GET", f"/api/redis/nodes/{int(port)}/slowlog")

    def benchmark_latest(self, count: int | None = None) -> Json:
        return self.call("GET", "/api/benchmark/latest", query={"count": count})

    def benchmark_all(self, limit: int | None = None, cursor: str | None = None, **filters: object) -> Json:
        """`filters`: framework, endpoint, method, since, until, validity, search."""
        return self.call("GET", "/api/benchmark/all", query={"limit": limit, "cursor": cursor, **filters})

    def benchmark_by_framework(self, framework: str) -> Json:
        return self.call("GET", f"/api/benchmark/by-framework/{quote(framework, safe='')}")

    def benchmark_latest_by_framework(self) -> Json:
        return self.call("GET", "/api/benchmark/latest-by-framework")

    def benchmark_rankings(self, endpoint: str | None = None, method: str | None = None) -> Json:
        """Frameworks ranked in tiers for one endpoint."""
        return self.call("GET", "/api/benchmark/rankings", query={"endpoint": endpoint, "method": method})

    def benchmark_change_points(self, framework: str, endpoint: str | None = None, method: str | None = None) -> Json:
        """Change points in a framework's request rate."""
        query = {"framework": framework, "endpoint": endpoint, "method": method}
        return self.call("GET", "/api/benchmark/change-points", query=query)

    def benchmark_stats(self) -> Json:
        return self.call("GET", "/api/benchmark/stats")

    def benchmark_run(self, framework: str | None = None, **scenario: object) -> Json:
        """Of a framework, or of the `target`, or the `url` and its `name`, in `scenario`. Also in it: host, endpoint,
        method, duration, instances, connections, trials, profile, label, …"""
        body = scenario if framework is None else {"framework": framework, **scenario}
        return self.call("POST", "/api/benchmark/run", body=body, at_least_s=SLOW_REQUEST_TIMEOUT_S)

    def benchmark_runs(self) -> Json:
        """Queued and running benchmarks."""
        return self.call("GET", "/api/benchmark/runs")

    def benchmark_run_details(self, run_id: str) -> Json:
        return self.call("GET", f"/api/benchmark/runs/{quote(run_id, safe='')}")

    def benchmark_latency(self, run_id: str) -> Json:
        """Latency by percentile of a run: raw, corrected, and of the probe, in ms."""
        return self.call("GET", f"/api/benchmark/runs/{quote(run_id, safe='')}/latency")

    def benchmark_histogram(self, run_id: str, file: BinaryIO, kind: str = "raw") -> int:
        """As .hgrm, in µs. `kind`: raw, corrected or probe. Returns the number of bytes written."""
        path = f"/api/benchmark/runs/{quote(run_id, safe='')}/histogram.hgrm"
        return self.download(path, {"kind": kind}, "text/plain", file)

    def benchmark_sweep(self, run_id: str, file: BinaryIO) -> int:
        """The steps of a sweep as CSV. Returns the number of bytes written."""
        return self.download(f"/api/benchmark/runs/{quote(run_id, safe='')}/sweep.csv", {}, "text/csv", file)

    def benchmark_cancel(self, run_id: str) -> Json:
        return self.call("POST", f"/api/benchmark/runs/{quote(run_id, safe='')}/cancel")

    def benchmark_delete(self, run_id: str) -> Json:
        return self.call("DELETE", f"/api/benchmark/runs/{quote(run_id, safe='')}")

    def benchmark_compare(self, base: str, new: str) -> Json:
        """`base`: a run's id, or "baseline"."""
        return self.call("GET", "/api/benchmark/compare", query={"base": base, "new": new})

    def benchmark_baselines(self) -> Json:
        return self.call("GET", "/api/benchmark/baselines")

    def benchmark_set_baseline(self, run_id: str, reason: str = "") -> Json:
        """Compare later runs of its framework and endpoint to this one."""
        return self.call("POST", f"/api/benchmark/runs/{quote(run_id, safe='')}/baseline", body={"reason": reason})

    def benchmark_remove_baseline(self, run_id: str) -> Json:
        return self.call("DELETE", f"/api/benchmark/runs/{quote(run_id, safe='')}/baseline")

    def benchmark_add(self, result: Mapping[str, object]) -> Json:
        return self.call("POST", "/api/benchmark/add", body=result)

    def benchmark_reload(self) -> Json:
        return self.call("POST", "/api/benchmark/reload", at_least_s=SLOW_REQUEST_TIMEOUT_S)

    def benchmark_clear(self) -> Json:
        return self.call("DELETE", "/api/benchmark/clear", at_least_s=SLOW_REQUEST_TIMEOUT_S)

    def benchmark_export(self, file: BinaryIO, format: str = "json", **filters: object) -> int:
        """`format`: json, csv, md or benchstat. Returns the number of bytes written."""
        return self.download("/api/benchmark/export", {"format": format, **filters}, EXPORT_MEDIA_TYPES[format], file)

    def _pm2(self, verb: str, body: Mapping[str, object]) -> Json:
        return self.call("POST", f"/api/pm2/{verb}", body=body, at_least_s=PM2_VERBS[verb].timeout_s)

    def _pm2_all(self, verb: str) -> Json:
        entry = PM2_VERBS[verb]
        return self.call("POST", f"/api/pm2/{entry.path_for_all}", body={}, at_least_s=entry.timeout_s)

    def _redis(self, verb: str, body: Mapping[str, object]) -> Json:
        return self.call("POST", f"/api/redis/{verb}", body=body, at_least_s=REDIS_TIMEOUT_S)


def _selector(framework: str | None, name: str | None, pm_id: int | None) -> dict[str, object]:
    return {"framework": framework, "name": name, "pmId": pm_id}
