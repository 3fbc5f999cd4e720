"""Questions with a line for the answer: what is offered, what is previewed, what is wrong with it. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MIN_NODES, MAX_NODES = 3, 30
MIN_MASTERS = 3
MAX_INSTANCES, MANY_INSTANCES = 100, 50
MAX_ANSWER = 200


@dataclass(frozen=True, slots=True)
class RunField:
    """A line of the run form. `low` to `high` of a number, `choices` of a word, neither: any text.
    `otherwise`: what the server does when it stays empty."""

    name: str
    label: str
    otherwise: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        if self.choices:
            return " ".join(self.choices)
        return f"{self.low} to {self.high}" if self.high else ""


RUN_FIELDS = (
    RunField("profile", "profile", "one trial", choices=("quick", "standard", "rigorous")),
    RunField("duration", "seconds of a trial", "20, or the profile's", 1, 3600),
    RunField("trials", "trials", "1, or the profile's", 1, 50),
    RunField("connections", "connections", "by the instances", 1, 10000),
    RunField("workers", "workers", "by the instances", 1, 64),
    RunField("pipelining", "pipelining", "1", 1, 100),
    RunField("generator", "load generator", "the best that is there", choices=("wrk", "h2load", "autocannon")),
    RunField("label", "label", "none"),
)
RUN_DEFAULTS = ("",) * len(RUN_FIELDS)


def next_choice(field: RunField, text: str, step: int) -> str:
    """Around the circle of the choices and no choice; `text` where there is nothing to choose."""
    if not field.choices:
        return text
    circle = ("", *field.choices)
    at = circle.index(text) if text in circle else 0
    return circle[(at + step) % len(circle)]


def whole(text: str) -> int | None:
    """None for what is no number that anybody could mean."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def default_replicas(nodes: int) -> int:
    """As the server decides when nobody says: API.md, Limits."""
    if nodes >= 6 and nodes % 2 == 0:
        return 1
    return 2 if nodes >= 9 and nodes % 3 == 0 else 0


def topology(text: str) -> tuple[int, int | None] | str:
    """`6`, or `9 2` with replicas per master, as numbers; else what is wrong and what would be right."""
    parts = text.split()
    nodes = whole(parts[0]) if parts else None
    replicas = whole(parts[1]) if len(parts) == 2 else None
    if nodes is None or len(parts) > 2 or (len(parts) == 2 and replicas is None):
        return f"A number of nodes from {MIN_NODES} to {MAX_NODES}; 9 2 means two replicas for each master."
    if not MIN_NODES <= nodes <= MAX_NODES:
        return f"{nodes} nodes is not possible: {MIN_NODES} to {MAX_NODES}."
    if replicas is not None and not _fits(nodes, replicas):
        near = sorted(range(MIN_NODES, MAX_NODES + 1), key=lambda each: (abs(each - nodes), each))
        fits = sorted([each for each in near if _fits(each, replicas)][:2])
        better = f" Nearest: {' or '.join(map(str, fits))} nodes." if fits else ""
        return f"{nodes} nodes cannot give {MIN_MASTERS} or more masters {replicas} replicas each.{better}"
    return nodes, replicas


def _fits(nodes: int, replicas: int) -> bool:
    return nodes % (replicas + 1) == 0 and nodes // (replicas + 1) >= MIN_MASTERS


def server_words(_: str) -> str:
    """A key is for the server that it was given for."""
    return "It is asked without a key. One that wants a key: API_KEY=… API_SERVER=… python -m dashboard_client"


def topology_words(text: str) -> str:
    """The preview under the answer."""
    found = topology(text)
    if isinstance(found, str):
        return found
    nodes, replicas = found
    each = default_replicas(nodes) if replicas is None else replicas
    masters = nodes // (each + 1)
    if not each:
        return f"{masters} masters, no replicas: a lost node takes its slots with it."
    return f"{masters} masters, {each} replica{'s' * (each > 1)} each: one lost node is survived."


def instances(text: str) -> int | str:
    count = whole(text)
    if count is None or not 1 <= count <= MAX_INSTANCES:
        return f"A number from 1 to {MAX_INSTANCES}."
    return count


def instances_words(text: str) -> str:
    count = instances(text)
    if isinstance(count, str):
        return count
    if count > MANY_INSTANCES:
        return f"Warning: {count} instances are many for one machine; memory may not be enough."
    return f"{count} instance{'s' * (count > 1)}"


def scenario(values: tuple[str, ...]) -> Mapping[str, object] | str:
    """The form's answers for the API, empty fields left to the server; else what is wrong."""
    found: dict[str, object] = {}
    for field, text in zip(RUN_FIELDS, map(str.strip, values), strict=True):
        if not text:
            continue
        if field.choices and text not in field.choices:
            return f"{field.label}: one of {', '.join(field.choices)}."
        number = whole(text)
        if field.high and (number is None or not field.low <= number <= field.high):
            return f"{field.label}: a number from {field.low} to {field.high}."
        found[field.name] = number if field.high else text
    return found
