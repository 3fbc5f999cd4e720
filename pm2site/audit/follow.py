"""The trail as others wrote it, told live: this server's forerunners, and `manage.py` in processes of its own."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.utils import timezone

from pm2site.audit.trail import FIELDS, KEPT, feed
from pm2site.http import problems
from pm2site.models import Activity

LOOK_S = 1.0
REMEMBERED = 200  # lines of earlier servers: what led to a restart is what one asks after it


async def follow() -> None:
    """Put the last lines of earlier servers into the feed, then, while somebody listens, those that come from the
    shell. Ends when it is cancelled."""
    begun, last = timezone.now(), None
    while True:
        try:
            if last is None:
                last, lines = await sync_to_async(_before)(begun)
                feed.append(lines)
            elif feed.has_listeners:
                last, lines = await sync_to_async(_after)(last)
                feed.append(lines)
        except problems.DATABASE_ERRORS:
            pass  # what asks for something is told; here the next look may do better
        await asyncio.sleep(LOOK_S)


def _before(begun: datetime) -> tuple[int, list[dict[str, Any]]]:
    """The number to go on from, and the lines. What this server has written meanwhile stands in the feed already."""
    rows = _newest(Activity.objects.filter(at__lt=begun), REMEMBERED)
    return (rows[-1]["pk"] if rows else 0), [_line(row) for row in rows]


def _after(last: int) -> tuple[int, list[dict[str, Any]]]:
    """The number to go on from, and the lines from the shell: they alone come from no address."""
    rows = _newest(Activity.objects.filter(pk__gt=last), KEPT)
    return (rows[-1]["pk"] if rows else last), [_line(row) for row in rows if not row["address"]]


def _newest(rows: QuerySet[Activity], limit: int) -> list[dict[str, Any]]:
    """Oldest first."""
    return list(rows.order_by("-pk").values("pk", *FIELDS)[:limit])[::-1]


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {field: row[field] for field in FIELDS}
