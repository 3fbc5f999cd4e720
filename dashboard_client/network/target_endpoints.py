"""One method per REST endpoint of the targets."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from dashboard_client.network.calls import Calls, Json


class TargetEndpoints(Calls):
    def benchmark_targets(self) -> Json:
        """Frameworks, own targets, and what listens under PM2."""
        return self.call("GET", "/api/benchmark/targets")

    def benchmark_target(self, name: str) -> Json:
        return self.call("GET", f"/api/benchmark/targets/{quote(name, safe='')}")

    def create_target(self, name: str, **target: object) -> Json:
        """`target`: as of `save_target`. Refused if a target has this name."""
        return self.call("POST", "/api/benchmark/targets", body={"name": name, **target})

    def save_target(
        self, name: str, *, pm2: str | None = None, url: str | None = None, ports: Sequence[int] | None = None,
        **options: object,
    ) -> Json:  # fmt: skip
        """Create or replace an own target: of processes under PM2, with `ports` if these cannot be seen, or of a URL.
        `options`: connect, insecure, protocol, endpoints."""
        body = {"pm2": pm2, "url": url, "ports": ports, **options}
        return self.call("PUT", f"/api/benchmark/targets/{quote(name, safe='')}", body=body)

    def delete_target(self, name: str) -> Json:
        """Its results stay in the history."""
        return self.call("DELETE", f"/api/benchmark/targets/{quote(name, safe='')}")
