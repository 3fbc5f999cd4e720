"""PM2's rule for what a word on its command line selects: a name, else a namespace, else a pm_id. [pure]"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pm2.daemon.process import Process

MAX_ID_DIGITS = 9


@dataclass(frozen=True, slots=True)
class NameMatch:
    """`kind`: name, namespace or pm_id."""

    kind: str
    processes: tuple[Process, ...]


def is_pm_id(word: str) -> bool:
    """Whether it is a number as PM2 writes it."""
    return word.isascii() and word.isdecimal() and len(word) <= MAX_ID_DIGITS and str(int(word)) == word


def match_processes(processes: Iterable[Process], word: str) -> NameMatch | None:
    """What `word` selects, by the rule of PM2's `_operate` (API.js): a process named `0` comes before pm_id 0, and `07`
    is no pm_id. None: nothing."""
    listed = tuple(processes)
    is_id = is_pm_id(word)
    candidates = (
        ("name", tuple(process for process in listed if process.name == word)),
        ("namespace", tuple(process for process in listed if process.namespace == word)),
        ("pm_id", tuple(process for process in listed if is_id and process.pm_id == int(word))),
    )
    return next((NameMatch(kind, matching) for kind, matching in candidates if matching), None)
