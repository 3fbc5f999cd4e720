"""Questions with a line for the answer: what is offered, what is previewed, what is wrong with it. [pure]"""

from __future__ import annotations

from collections.abc import Mapping

MIN_NODES, MAX_NODES = 3, 30
MIN_MASTERS = 3
MAX_INSTANCES, MANY_INSTANCES = 100, 50
# Fields of the run form: name on the API, label, what may be typed (0 to 0 is a text).
RUN_FIELDS: tuple[tuple[str, str, int, int], ...] = (
    ("duration", "seconds of a trial", 1, 3600),
    ("trials", "trials", 1, 50),
    ("connections", "connections", 1, 10000),
    ("pipelining", "pipelining", 1, 100),
    ("label", "label", 0, 0),
)
RUN_DEFAULTS = ("20", "1", "", "1", "")
MAX_ANSWER = 200


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
    """The form's numbers for the API, empty fields left to the server; else what is wrong."""
    found: dict[str, object] = {}
    for (name, label, low, high), text in zip(RUN_FIELDS, values, strict=True):
        if not text.strip():
            continue
        if not high:
            found[name] = text.strip()
            continue
        number = whole(text)
        if number is None or not low <= number <= high:
            return f"{label}: a number from {low} to {high}."
        found[name] = number
    return found
