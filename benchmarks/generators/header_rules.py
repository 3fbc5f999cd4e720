"""Which headers a benchmark may send. [pure]"""

from __future__ import annotations

import re

from benchmarks.generators.secret_headers import MASK, is_secret
from system.lib.text import is_printable

MAX_HEADERS, MAX_HEADER_VALUE = 50, 4096
RESERVED_HEADERS = ("host", "content-length", "transfer-encoding", "connection")  # the generator sets them itself
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


def name_problem(name: str) -> str | None:
    """A sentence if a header of this name cannot be set."""
    if _HEADER_NAME.fullmatch(name) and name.lower() not in RESERVED_HEADERS:
        return None
    return f"{name[:100]!r} is not a header that can be set."


def value_problem(name: str, value: object) -> str | None:
    """A sentence if the header cannot have this value."""
    is_text = isinstance(value, str) and is_printable(value) and value.isascii()
    if not is_text or len(str(value)) > MAX_HEADER_VALUE:
        return f"The value of {name} is not printable ASCII."
    if value == MASK and is_secret(name):
        return f"The value of {name} was not kept: send it again."
    return None


def names_problem(names: list[str]) -> str | None:
    """A sentence if there are too many headers, or two of one name."""
    if len(names) > MAX_HEADERS:
        return f"At most {MAX_HEADERS} headers."
    if len({name.lower() for name in names}) < len(names):
        return "Two headers have the same name."
    return None
