"""What commands, views and the server itself contribute to the audit trail, which belongs to a higher room."""

from __future__ import annotations

import getpass
from typing import Protocol


class Recorder(Protocol):
    def __call__(self, action: str, subject: str, message: str, error: Exception | None = None) -> None: ...


_record: Recorder | None = None
_record_own: Recorder | None = None


def set_recorder(record: Recorder, record_own: Recorder) -> None:
    """Sets the functions that write the entries: those of a command, and those of what the server does by itself."""
    global _record, _record_own
    _record, _record_own = record, record_own


def shell_actor() -> str:
    """Who runs this command, as the audit trail and the list of exits name them."""
    return f"{getpass.getuser()} (command line)"


def record_command(action: str, subject: str, message: str, error: Exception | None = None) -> None:
    """Writes an entry like that of an API request, e.g. action `redis.setup`. `error`: why the command failed."""
    assert _record  # noqa: S101 - set when Django's apps are loaded
    _record(action, subject, message, error)


def name_subject(request: object, subject: str) -> None:
    """Called by a view before it acts on `subject`: the entry of the Django `request` is about that."""
    request.audit_subject = subject  # type: ignore[attr-defined]


def mark_preview(request: object) -> None:
    """Called by a view that only shows what the Django `request` would do."""
    request.audit_preview = True  # type: ignore[attr-defined]


def is_preview(request: object) -> bool:
    return bool(getattr(request, "audit_preview", False))


def subject_of(request: object) -> str:
    """What the view has named; empty if it has not come to that."""
    return str(getattr(request, "audit_subject", ""))


def record_own(action: str, subject: str, message: str, error: Exception | None = None) -> None:
    """Writes an entry for what the server did by itself. `error`: what made it necessary."""
    assert _record_own  # noqa: S101 - set when Django's apps are loaded
    _record_own(action, subject, message, error)
