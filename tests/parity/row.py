"""A row of the parity table. [pure]"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dashboard_client.tui.model.action import Action


@dataclass(frozen=True, slots=True)
class Empty:
    """A cell without a name, and why: a few words that complete "not offered: …"."""

    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """What offers a capability; every name is checked against its source.

    `terminal`: actions with a key, titles in the menu, or contexts of the key bindings. `browser`: ids of the page's
    actions, or names of its views. `command`: `manage.py …`, `run …`, `benchmarks` or `dashboard_client`, with an option
    where that does it. `api`: method and path.
    """

    title: str
    terminal: tuple[Action | str, ...] | Empty
    browser: tuple[str, ...] | Empty
    command: tuple[str, ...] | Empty
    api: tuple[str, ...] | Empty


def names(cell: tuple[Action | str, ...] | Empty) -> Iterator[Action | str]:
    if not isinstance(cell, Empty):
        yield from cell
