"""Text and JSON that every database can store, and UTF-8 can encode.

PostgreSQL refuses NUL in text, and NaN, NUL and lone surrogates in jsonb. SQLite keeps escaped surrogates in JSON, but
no response can contain them. [pure]
"""

from __future__ import annotations

import json
import re
from typing import Any

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # an escaped NUL, not an escaped backslash before u0000
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SUSPICIOUS = re.compile(r"\\ud[89a-f]|\\u0000|NaN|Infinity")


def storable_text(text: str) -> str:
    """NUL and lone surrogates replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def may_be_unstorable(text: str) -> bool:
    """Whether JSON, written with escapes for all that is not ASCII, may contain something that has to be replaced."""
    return _SUSPICIOUS.search(text) is not None


def storable_json(value: Any) -> Any:
    """The value; or a copy with NaN and infinity replaced by their names, NUL and lone surrogates by U+FFFD. Raises
    RecursionError."""
    if not may_be_unstorable(json.dumps(value)):
        return value
    text = json.dumps(value, ensure_ascii=False)
    text = _NUL.sub(r"\1\\ufffd", text)
    text = _SURROGATE.sub("\ufffd", text)
    return json.loads(text, parse_constant=str)
