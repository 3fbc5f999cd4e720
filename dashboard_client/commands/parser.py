"""The parser of command lines: options anywhere, a default verb, errors as `[ERROR] …`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn


def at_least(low: int) -> Callable[[str], int]:
    """A whole number. The largest one is the server's to know."""

    def number(text: str) -> int:
        value = int(text)
        if value < low:
            raise argparse.ArgumentTypeError(f"{text} is less than {low}")
        return value

    number.__name__ = "whole number"
    return number


PROTECTION = "\0"  # no argument of a program can contain it


class Parser(argparse.ArgumentParser):
    """Prints errors as `[ERROR] …`, and accepts options between positional arguments: argparse by itself takes an
    optional one (`bench NAME [ENDPOINT]`) as absent once an option follows. It uses this class for subparsers too."""

    _is_intermixed = False

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"[ERROR] {message}\n")

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Inserts the default of `verb`: `bench FRAMEWORK` is short for `bench run FRAMEWORK`. Without any word, only
        with the default `needs_no_word`: the shell completes the verbs of the others."""
        default = self.get_default("verb")
        verbs = [verb for action in self._actions if action.dest == "verb" for verb in action.choices or ()]
        first = next(iter(args or ()), None)
        if default and first not in (*verbs, "-h", "--help") and (first or self.get_default("needs_no_word")):
            args = [default, *(args or ())]
        if self._is_intermixed or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._is_intermixed = True  # `parse_known_intermixed_args` calls this method
        try:
            known, unknown = self.parse_known_intermixed_args(_protect_dashes(args), namespace)
        finally:
            self._is_intermixed = False
        for name, value in vars(known).items():
            if isinstance(value, str):
                setattr(known, name, value.removeprefix(PROTECTION))
        return known, unknown


def _protect_dashes(arguments: Sequence[str]) -> list[str]:
    """Without `--`, behind which a word that begins with `-` is no option: argparse forgets that between options."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    words = (PROTECTION + word if word.startswith("-") else word for word in arguments[end + 1 :])
    return [*arguments[:end], *words]


def add_json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print the server's response")
