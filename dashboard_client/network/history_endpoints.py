"""One method per REST endpoint of the history of metrics."""

from __future__ import annotations

from dashboard_client.network.calls import Calls, Json


class HistoryEndpoints(Calls):
    def history(
        self, metric: str, subject: str | None = None, *, start: str | None = None, end: str | None = None,
        points: int | None = None,
    ) -> Json:  # fmt: skip
        """Minimum, mean and maximum of a metric over time, and what happened meanwhile. `start`, `end`: ISO 8601, or a
        duration before now such as `-1h` (units s, m, h, d, w); an hour before now, and now. `points`: about how many;
        the server chooses the resolution."""
        query = {"metric": metric, "subject": subject, "from": start, "to": end, "points": points}
        return self.call("GET", "/api/history", query=query)

    def history_metrics(self) -> Json:
        """The metrics with their units and subjects."""
        return self.call("GET", "/api/history/metrics")
