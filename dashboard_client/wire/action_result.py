"""The response to an action on PM2, on Redis or on the history. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Skipped:
    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The response to an action."""

    message: str
    success: bool = True
    warnings: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    changed: bool = True
    phases: Mapping[str, float] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
