"""Request headers that hold a credential: they never reach a command line, and neither a row nor a message keeps them.
[pure]"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote

MASK = "***"
KEEPERS = ("wrk", "autocannon")  # read headers from a file; h2load only from its command line
_PARTS = (
    "apikey", "accesskey", "authorization", "authentication", "oauth", "secret", "token", "password", "session",
    "credential", "cookie",
)  # fmt: skip
_WORDS = frozenset(
    {"auth", "key", "keys", "pass", "passwd", "passphrase", "pwd", "pat", "jwt", "sid", "signature", "otp", "pin"}
)
MIN_SECRET_LENGTH = 4  # a shorter value, such as `1` of a setting, occurs in most responses and figures


def is_secret(name: str) -> bool:
    lowered = name.lower()
    is_word = not _WORDS.isdisjoint(re.split("[^a-z0-9]+", lowered))
    return is_word or any(part in lowered.replace("-", "").replace("_", "") for part in _PARTS)


def has_secrets(headers: Mapping[str, str]) -> bool:
    return any(map(is_secret, headers))


def masked(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with `***` for each credential."""
    return {name: MASK if is_secret(name) else value for name, value in headers.items()}


def only_secret(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if is_secret(name)}


def secret_texts(headers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """What a foreign text must not repeat: the values of the credentials, their parts, and these as JSON, a URL and
    HTML write them; longest first."""
    values = [value for name, value in headers if is_secret(name)]
    texts = {part.strip() for value in values for part in _parts(value)}
    long = [text for text in texts if len(text) >= MIN_SECRET_LENGTH]
    written = {form for text in long for form in (text, json.dumps(text)[1:-1], quote(text), html.escape(text))}
    return tuple(sorted(written - {MASK}, key=lambda text: (-len(text), text)))


def _parts(value: str) -> Iterator[str]:
    yield value
    scheme, _, credential = value.partition(" ")
    if scheme.lower() in ("bearer", "token", "basic", "apikey", "key"):
        yield credential
    if scheme.lower() == "basic":
        decoded = _decode(credential)
        yield decoded
        yield decoded.partition(":")[2]
    yield from (pair.partition("=")[2].strip() for pair in value.split(";") if "=" in pair)


def _decode(credential: str) -> str:
    """The user and the password of RFC 7617; empty if it is not base64."""
    try:
        return base64.b64decode(credential.strip(), validate=True).decode(errors="replace")
    except ValueError:
        return ""


def redact(text: str, secrets: Sequence[str]) -> str:
    """The text with `***` for each of the `secret_texts`. Before it is shortened: half a credential is not found."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text
