"""Encrypts the credentials among the headers of a target with the server's key. [pure]"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PURPOSE = b"pm2site: headers of targets"
Secrets = Mapping[str, Mapping[str, str]]  # key of the endpoint → name → value


def _fernet(keys: Iterable[str]) -> MultiFernet:
    """`keys`: the server's SECRET_KEY, then those that it replaced."""
    derived = (HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(key.encode()) for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


def seal(secrets: Secrets, keys: Iterable[str]) -> str:
    """Empty for no secrets."""
    used = {endpoint: dict(headers) for endpoint, headers in secrets.items() if headers}
    return _fernet(keys).encrypt(json.dumps(used).encode()).decode() if used else ""


def unseal(text: str, keys: Iterable[str]) -> Secrets:
    """Nothing if the text is damaged, or was encrypted with another key: its headers have to be set again then."""
    if not text:
        return {}
    try:
        content = json.loads(_fernet(keys).decrypt(text.encode()))
    except (InvalidToken, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
