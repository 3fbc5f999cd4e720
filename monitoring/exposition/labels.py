"""Text of strangers as values of labels: valid in both formats, and bounded. [pure]"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from hashlib import blake2b

MAX_LENGTH = 120
REPLACEMENT = "\ufffd"
_HASH_BYTES = 4


@lru_cache(maxsize=4096)
def label_text(text: str) -> str:
    """The text without what UTF-8 or the parsers of Prometheus cannot hold; of a long one its beginning and a hash, so
    that two long ones with the same beginning remain two. The library escapes quotes and line ends."""
    if not text.isprintable():
        text = "".join(REPLACEMENT if _is_unusable(character) else character for character in text)
    if len(text) <= MAX_LENGTH:
        return text
    digest = blake2b(text.encode(), digest_size=_HASH_BYTES).hexdigest()
    return f"{text[: MAX_LENGTH - 2 * _HASH_BYTES - 1]}~{digest}"


def _is_unusable(character: str) -> bool:
    """Control characters, NUL among them, at which Prometheus's parser ends; and lone surrogates."""
    return character != "\n" and unicodedata.category(character) in ("Cc", "Cs")
