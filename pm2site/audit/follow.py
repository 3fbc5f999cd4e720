"""Streams audit entries written by other processes: earlier servers, and `manage.py` commands."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.utils import timezone

from pm2site.audit.trail import FIELDS, MAX_ENTRIES, feed, stored_entry
from pm2site.http import error_responses
from pm2site.models import Activity

POLL_S = 1.0
INITIAL_ENTRIES = 200  # of earlier servers, which show what led to a restart


async def follow_other_writers() -> None:
    """Appends the last entries of earlier servers to the feed, then, while it has listeners, new ones from the shell.

    Runs until cancelled.
    """
    started_at, last_pk = timezone.now(), None
    while True:
        try:
            if last_pk is None:
                last_pk, entries = await sync_to_async(_read_before)(started_at)
                feed.append(entries)
            elif feed.has_listeners:
                last_pk, entries = await sync_to_async(_read_after)(last_pk)
                feed.append(entries)
        except error_responses.DATABASE_ERRORS:
            pass  # requests report database errors; here the next poll may succeed
        await asyncio.sleep(POLL_S)


def _read_before(started_at: datetime) -> tuple[int, list[dict[str, Any]]]:
    """The primary key to resume from, and the entries. This server's own entries are already in the feed."""
    rows = _newest(Activity.objects.filter(at__lt=started_at), INITIAL_ENTRIES)
    return (rows[-1]["pk"] if rows else 0), [stored_entry(row) for row in rows]


def _read_after(last_pk: int) -> tuple[int, list[dict[str, Any]]]:
    """The primary key to resume from, and the entries from the shell, the only ones without an address."""
    rows = _newest(Activity.objects.filter(pk__gt=last_pk), MAX_ENTRIES)
    return (rows[-1]["pk"] if rows else last_pk), [stored_entry(row) for row in rows if not row["address"]]


def _newest(rows: QuerySet[Activity], limit: int) -> list[dict[str, Any]]:
    """Oldest first."""
    return list(rows.order_by("-pk").values("pk", *FIELDS)[:limit])[::-1]
