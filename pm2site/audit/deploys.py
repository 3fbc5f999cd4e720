"""Actions on apps and the cluster as annotations of the history of metrics. [io: database]"""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.api.timeline import Annotation, Between
from pm2site.models import Activity, Outcome
from system.stored_times import NO_TIME

READ_ROWS = 2000  # newest entries of the time that are looked at; other entries are between them
# What changes which code runs, on how many instances; and what the cluster consists of.
DEPLOYS = {
    "pm2.start", "pm2.reload", "pm2.reloadAll", "pm2.restart", "pm2.restartAll", "pm2.rolling-restart", "pm2.scale",
    "pm2.stop", "pm2.stopAll", "pm2.delete", "pm2.deleteAll", "pm2.resurrect",
    "redis.setup", "redis.stop", "redis.resume", "redis.clean", "redis.failover",
}  # fmt: skip


def actions_between(between: Between, app: str | None, limit: int) -> Iterable[Annotation]:
    """The newest `limit` actions that succeeded, on one app or on all."""
    rows = Activity.objects.filter(at__gte=between[0], at__lt=between[1]).order_by("-at", "-id")
    columns = rows.values_list("at", "action", "target", "actor", "outcome")[:READ_ROWS]
    concerned = (
        Annotation(
            at or NO_TIME,
            "deploy",
            f"{action.partition('.')[2]} {target} by {actor}".replace("  ", " "),
            target or None,
        )
        for at, action, target, actor, outcome in columns
        if action in DEPLOYS and outcome == Outcome.OK and (app is None or target in (app, ""))
    )
    return [annotation for annotation, _ in zip(concerned, range(limit), strict=False)]
