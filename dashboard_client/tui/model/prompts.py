"""Parses, validates and previews the answers of prompts and of the run form. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dashboard_client.formatting.figures import plural
from dashboard_client.wire.system_config import ANY_NUMBER, Limit, SystemConfig

MIN_MASTERS = 3
NODE_LIMIT = Limit(MIN_MASTERS, 1000)  # of a server that does not send its own
MANY_INSTANCES = 50
MAX_ANSWER_CHARACTERS = 200
MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class RunField:
    """A field of the run form: a number within `limit`, one of `choices`, or else free text, with `is_list` several
    separated by commas. `default` describes what the server does if the field is empty; `note` is shown beside the
    text."""

    name: str
    label: str
    default: str
    limit: Limit | None = None
    choices: tuple[str, ...] = ()
    is_required: bool = False
    note: str = ""
    is_list: bool = False

    @property
    def hint(self) -> str:
        if self.note:
            return self.note
        return f"{self.limit.minimum} to {self.limit.maximum}" if self.limit else " ".join(self.choices)


# As a server without limits and choices of its own needs them.
RUN_FIELDS = (
    RunField("profile", "profile", "one trial"),
    RunField("duration", "seconds per trial", "20, or the profile's", ANY_NUMBER),
    RunField("trials", "trials", "1, or the profile's", ANY_NUMBER),
    RunField("connections", "connections", "by the instances", ANY_NUMBER),
    RunField("workers", "workers", "by the instances", ANY_NUMBER),
    RunField("pipelining", "pipelining", "1", ANY_NUMBER),
    RunField("generator", "load generator", "the best available"),
    RunField("expect", "budget", "none, or p99<50ms, errors<=0", is_list=True),
    RunField("label", "label", "none"),
)
# In front of these: of a server of one's own, and of one of which nobody knows where it answers.
PATH_FIELD = RunField("endpoint", "path", "/")
PLACE_EXAMPLE = "3000, or http://10.0.0.5:8080/orders"
PLACE_FIELD = RunField("place", "port or URL", "", is_required=True, note=PLACE_EXAMPLE)
RUN_DEFAULTS = ("",) * len(RUN_FIELDS)


def run_fields(config: SystemConfig) -> tuple[RunField, ...]:
    """The fields with the server's limits and choices."""
    return tuple(
        replace(field, limit=config.limits.get(field.name, field.limit), choices=config.choices.get(field.name, ()))
        for field in RUN_FIELDS
    )


def cycle_choice(field: RunField, text: str, step: int) -> str:
    """The next choice, wrapping around through the empty one; `text` itself for fields without choices."""
    if not field.choices:
        return text
    choices = ("", *field.choices)
    index = choices.index(text) if text in choices else 0
    return choices[(index + step) % len(choices)]


def parse_integer(text: str) -> int | None:
    """None unless 1 to 9 ASCII digits."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def default_replicas(nodes: int) -> int:
    """Replicas per master that the server chooses by default: API.md, Limits."""
    if nodes >= 6 and nodes % 2 == 0:
        return 1
    return 2 if nodes >= 9 and nodes % 3 == 0 else 0


def parse_topology(text: str, limit: Limit) -> tuple[int, int | None] | str:
    """`6`, or `9 2` with replicas per master, as numbers; else an error message that suggests a valid answer."""
    parts = text.split()
    nodes = parse_integer(parts[0]) if parts else None
    replicas = parse_integer(parts[1]) if len(parts) == 2 else None
    if nodes is None or len(parts) > 2 or (len(parts) == 2 and replicas is None):
        return f"A number of nodes from {limit.minimum} to {limit.maximum}; 9 2 means two replicas for each master."
    if not limit.minimum <= nodes <= limit.maximum:
        return f"{nodes} nodes is not possible: {limit.minimum} to {limit.maximum}."
    if replicas is not None and not _is_valid_topology(nodes, replicas):
        size = replicas + 1
        first = max(nodes // size, MIN_MASTERS) * size
        valid = [count for count in (first, first + size) if count <= limit.maximum]
        suggestion = f" Nearest: {' or '.join(map(str, valid))} nodes." if valid else ""
        return f"{nodes} nodes cannot form {MIN_MASTERS} or more masters with {replicas} replicas each.{suggestion}"
    return nodes, replicas


def _is_valid_topology(nodes: int, replicas: int) -> bool:
    return nodes % (replicas + 1) == 0 and nodes // (replicas + 1) >= MIN_MASTERS


def describe_server(_: str, limit: Limit) -> str:
    """An API key is never sent to a server other than the one it was given for."""
    return "Connects without a key. If it needs one: API_KEY=… API_SERVER=… python -m dashboard_client"


def describe_topology(text: str, limit: Limit) -> str:
    """The preview below the answer."""
    topology = parse_topology(text, limit)
    if isinstance(topology, str):
        return topology
    nodes, replicas = topology
    if replicas is None:
        replicas = default_replicas(nodes)
    masters = nodes // (replicas + 1)
    if not replicas:
        return f"{masters} masters, no replicas: losing a node loses its slots."
    return f"{masters} masters, {plural(replicas, 'replica')} each: survives the loss of one node."


def parse_instances(text: str, limit: Limit) -> int | str:
    """The number, or an error message."""
    count = parse_integer(text)
    if count is None or not limit.minimum <= count <= limit.maximum:
        return f"A number from {limit.minimum} to {limit.maximum}."
    return count


def describe_instances(text: str, limit: Limit) -> str:
    """The preview below the answer."""
    count = parse_instances(text, limit)
    if isinstance(count, str):
        return count
    if count > MANY_INSTANCES:
        return f"Warning: {count} instances are many for one machine; memory may run out."
    return plural(count, "instance")


def split_list(text: str) -> list[str]:
    """`a, b` → a and b."""
    return [part.strip() for part in text.split(",") if part.strip()]


def parse_place(text: str) -> Mapping[str, object] | str:
    """Where a target answers: its `ports`, on the server's machine, or its `url`; else an error message."""
    if text.lower().startswith(("http://", "https://")):
        return {"url": text}
    port = parse_integer(text)
    if port is None or not 1 <= port <= MAX_PORT:
        return f"{PLACE_FIELD.label}: a port from 1 to {MAX_PORT}, or a URL. For example {PLACE_EXAMPLE}."
    return {"ports": [port]}


def parse_run_form(fields: tuple[RunField, ...], values: tuple[str, ...]) -> Mapping[str, object] | str:
    """The request's parameters, without empty fields (the server has defaults); else an error message."""
    parameters: dict[str, object] = {}
    for field, text in zip(fields, map(str.strip, values), strict=True):
        if not text and field.is_required:
            return f"{field.label}: where does it answer? For example {PLACE_EXAMPLE}."
        if not text:
            continue
        if field.choices and text not in field.choices:
            return f"{field.label}: one of {', '.join(field.choices)}."
        number = parse_integer(text)
        if field.limit and (number is None or not field.limit.minimum <= number <= field.limit.maximum):
            return f"{field.label}: a number from {field.limit.minimum} to {field.limit.maximum}."
        parameters[field.name] = number if field.limit else split_list(text) if field.is_list else text
    return parameters
