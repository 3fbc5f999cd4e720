"""Completes words of the command line in the shell: names that only the server knows. [io: network]

argcomplete starts the program with variables that say what has been typed, and reads the answers from descriptor 8.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from dashboard_client import config
from dashboard_client.errors import ClientError
from dashboard_client.wire.metric_history import Metrics
from dashboard_client.wire.system_config import SystemConfig

TIMEOUT_S = 2.0  # a person waits for it
Completer = Callable[..., Iterable[str]]


def complete_if_requested(parser: argparse.ArgumentParser) -> None:
    """Answers the shell, and does not return then; does nothing otherwise."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete  # not needed for anything else

        _attach(parser, ())
        argcomplete.autocomplete(parser, always_complete_options=False)


def _attach(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> None:
    """Gives each argument below the parser its completer. `path`: the words that lead to the parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                _attach(below, (*path, word))
        elif completer := COMPLETERS.get((*path, action.dest)) or COMPLETERS.get((*path[:-1], "*", action.dest)):
            action.completer = completer  # type: ignore[attr-defined]


def targets(prefix: str, parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    """What can be measured: frameworks and own targets."""
    known = _read_config(parsed_args)
    names = [framework.name for framework in known.frameworks] + [target.name for target in known.own_targets]
    return [name for name in names if name.startswith(prefix)]


def own_targets(prefix: str, parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    """Those that are kept: what is discovered cannot be changed."""
    kept = [target.name for target in _read_config(parsed_args).own_targets if target.source in ("pm2", "url")]
    return [name for name in kept if name.startswith(prefix)]


def endpoints(prefix: str, parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    """Of the target before it: paths of an own one, short names of a framework's."""
    if parsed_args.name is None:
        return ()
    known = _read_config(parsed_args)
    own = next((target for target in known.own_targets if target.name == parsed_args.name), None)
    names = [one.path for one in own.endpoints] if own else [one.short_name for one in known.endpoints]
    return [name for name in dict.fromkeys(names) if name and name.startswith(prefix)]


def processes(prefix: str, parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    """Names in PM2's list."""
    from dashboard_client.network.api import Api

    try:
        listed = Api(_settings(parsed_args)).pm2_stats().get("processes") or ()
    except ClientError:
        return ()
    names = dict.fromkeys(str(process.get("name", "")) for process in listed)
    return [name for name in names if name.startswith(prefix)]


def metrics(prefix: str, parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    """Metrics, and the other words that may follow `history`."""
    names = [*(metric.metric for metric in _read_metrics(parsed_args).metrics), "metrics", "export"]
    return [name for name in names if name.startswith(prefix)]


def subjects(prefix: str, parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    """Of the metric before it."""
    known = _read_metrics(parsed_args).metrics
    names = [name for metric in known if metric.metric == parsed_args.metric for name in metric.subjects]
    return [name for name in names if name.startswith(prefix)]


# By the words of the command and the argument; `*` stands for every verb.
COMPLETERS: Mapping[tuple[str, ...], Completer] = {
    ("run", "bench", "run", "name"): targets,
    ("run", "bench", "run", "endpoint"): endpoints,
    ("run", "bench", "list", "name"): targets,
    ("run", "bench", "target", "*", "name"): own_targets,
    ("run", "pm2", "*", "name"): processes,
    ("run", "history", "show", "metric"): metrics,
    ("run", "history", "show", "subject"): subjects,
}


def _read_config(parsed_args: argparse.Namespace) -> SystemConfig:
    """Nothing known if the server does not answer: a shell is no place for an error."""
    from dashboard_client.network.api import Api
    from dashboard_client.wire.decode import convert

    try:
        return convert(SystemConfig, Api(_settings(parsed_args)).system_config())
    except ClientError:
        return SystemConfig(())


def _read_metrics(parsed_args: argparse.Namespace) -> Metrics:
    """None if the server does not answer, or records none."""
    from dashboard_client.network.api import Api
    from dashboard_client.wire.decode import convert

    try:
        return convert(Metrics, Api(_settings(parsed_args)).history_metrics())
    except ClientError:
        return Metrics(())


def _settings(parsed_args: argparse.Namespace) -> config.Config:
    return replace(config.from_environment(server=getattr(parsed_args, "server", None)), timeout_s=TIMEOUT_S)
