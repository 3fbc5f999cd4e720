"""The commands of the three command lines, from their parsers."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import cache
from unittest import mock

from django.core.management import get_commands, load_command_class

from benchmarks.cli.arguments import build_parser
from dashboard_client.commands import arguments

OWN_APPS = ("pm2site", "pm2", "rediscluster", "benchmarks")


def client_parser() -> argparse.ArgumentParser:
    """The parser of `python -m dashboard_client`."""
    with mock.patch.object(arguments.Parser, "parse_args", lambda parser, argv: parser):
        parser: object = arguments.parse([])
    assert isinstance(parser, argparse.ArgumentParser)
    return parser


def parsers_by_path(parser: argparse.ArgumentParser) -> dict[tuple[str, ...], argparse.ArgumentParser]:
    """The words of every command of a parser → the parser of what follows them. Aliases are left out."""
    paths: dict[tuple[str, ...], argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name in [choice.dest for choice in action._choices_actions] or action.choices:
                for rest, child in parsers_by_path(action.choices[name]).items():
                    paths[name, *rest] = child
    return paths or {(): parser}


@cache
def commands() -> Mapping[str, argparse.ArgumentParser]:
    """Every command as the table writes it → its parser: `manage.py pm2 stop`, `run pm2 stop` of the dashboard's
    program, `dashboard_client` and `benchmarks` themselves."""
    by_name = {"benchmarks": build_parser(), "dashboard_client": client_parser()}
    for command, app in get_commands().items():
        if app in OWN_APPS:
            parser = load_command_class(app, command).create_parser("manage.py", command)
            by_name |= {" ".join(("manage.py", command, *path)): p for path, p in parsers_by_path(parser).items()}
    return by_name | {" ".join(path): parser for path, parser in parsers_by_path(client_parser()).items()}


def exists(name: str) -> bool:
    """A name may end with an option of its command: `manage.py token --revoke`."""
    command, _, option = name.partition(" --")
    known = commands().get(command)
    flags = {flag for action in known._actions for flag in action.option_strings} if known else set()
    return known is not None and (not option or f"--{option}" in flags)
