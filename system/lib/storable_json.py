"""JSON that every database can store: PostgreSQL's jsonb refuses NaN, NUL and lone surrogates. [pure]"""

from __future__ import annotations

import json
import re
from typing import Any

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # an escaped NUL, not an escaped backslash before u0000
_SURROGATE = re.compile("[\ud800-\udfff]")


def storable_json(value: Any) -> Any:
    """A copy with NaN and infinity replaced by their names, NUL and lone surrogates by U+FFFD. Raises
    RecursionError."""
    text = json.dumps(value, ensure_ascii=False)
    text = _NUL.sub(r"\1\\ufffd", text)
    text = _SURROGATE.sub("\ufffd", text)
    return json.loads(text, parse_constant=str)
