"""The time before which a fetched process list is stale, because of an action of ours."""

from __future__ import annotations

from datetime import UTC, datetime

_list_invalidated_at = datetime.min.replace(tzinfo=UTC)


def invalidate_list() -> None:
    """Invalidates process lists fetched before now; called when one of our actions begins and when it ends."""
    global _list_invalidated_at
    _list_invalidated_at = datetime.now(UTC)


def list_invalidated_at() -> datetime:
    return _list_invalidated_at
