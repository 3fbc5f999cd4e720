"""Which lines a search selects: those that contain a text, or match a regular expression of RE2. [pure]

A pattern comes from a client, so its cost has to be bounded. RE2 does not backtrack, and its limits hold before it
allocates: counted repeats, those of nested ones multiplied, are at most 1000, and the compiled program fits into
`PROGRAM_BYTES`. It releases the interpreter's lock, so a slow search blocks its own thread only.
"""

from __future__ import annotations

from collections.abc import Callable

import re2

from pm2.errors import InvalidPattern
from pm2.logs.log_lines import MAX_LINE_CHARACTERS

# Measured with 80,000 random patterns of 200 characters: compiled or refused in at most 41 ms, with less than 25 MB;
# the slowest of those accepted took 0.9 s on a line of `MAX_LINE_CHARACTERS`.
PROGRAM_BYTES = 2**20
MAX_REPEATS = 1000  # RE2's own, a constant of its parser

LineMatcher = Callable[[str], bool]


def compile_matcher(search: str, is_regex: bool) -> LineMatcher:
    """A predicate for lines, of which it reads the first `MAX_LINE_CHARACTERS`. Plain text matches case-insensitively.
    Blocks for some ms. Raises InvalidPattern."""
    if not is_regex:
        text = search.casefold()
        return lambda line: text in line[:MAX_LINE_CHARACTERS].casefold()
    try:
        pattern = re2.compile(search.encode(errors="replace"), _options())
    except re2.error as error:
        raise InvalidPattern(search, _explain(error)) from error
    return lambda line: pattern.search(line[:MAX_LINE_CHARACTERS].encode(errors="replace")) is not None


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = PROGRAM_BYTES
    options.never_capture = True
    options.log_errors = False
    return options


def _explain(error: re2.error) -> str:
    """RE2's message, except for the two that state no limit."""
    message = error.args[0].decode(errors="replace") if error.args else ""
    if message.startswith("invalid repetition size"):
        return f"it repeats too often: counted repeats, multiplied where they are nested, are at most {MAX_REPEATS}"
    if message.startswith("pattern too large"):
        return f"it is too large: compiled, a pattern has at most {PROGRAM_BYTES // 2**20} MiB"
    return message or "RE2 rejects it"
