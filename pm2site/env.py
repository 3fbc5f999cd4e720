"""Parses environment variables for settings.py; an error names the variable and its value."""

from __future__ import annotations

import ipaddress
import os
import secrets
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from system.lib import files

_environ = environ.Env()


def text(name: str, default: str = "") -> str:
    """The stripped value; an empty one counts as unset."""
    return os.environ.get(name, "").strip() or default


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r} is not one of {', '.join(allowed)}.")
    return value


def flag(name: str, default: bool = False) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value in environ.Env.BOOLEAN_TRUE_STRINGS:
        return True
    if value in ("0", "false", "off", "no", "n"):
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither 1 nor 0.")


def integer(name: str, default: int, low: int, high: int) -> int:
    value = text(name)
    try:
        number = int(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not an integer.") from None
    if not low <= number <= high:
        raise ImproperlyConfigured(f"{name}={value!r} is not between {low} and {high}.")
    return number


def seconds(name: str, default: float, low: float = 0.1, high: float = 3600) -> float:
    value = text(name)
    try:
        number = float(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number of seconds.") from None
    if not low <= number <= high:
        raise ImproperlyConfigured(f"{name}={value!r} is not between {low} and {high} seconds.")
    return number


def comma_separated(name: str) -> tuple[str, ...]:
    """The non-empty entries of a comma-separated list, stripped."""
    return tuple(part.strip() for part in text(name).split(",") if part.strip())


def choices(name: str, allowed: frozenset[str]) -> frozenset[str]:
    """The entries of a comma-separated list, each of them one of `allowed`."""
    values = frozenset(comma_separated(name))
    if not values <= allowed:
        raise ImproperlyConfigured(f"{name}={text(name)!r} is not a list of {', '.join(sorted(allowed))}.")
    return values


def fraction(name: str, default: float) -> float:
    """A number above 0 and at most 1."""
    value = text(name)
    try:
        number = float(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number.") from None
    if not 0 < number <= 1:
        raise ImproperlyConfigured(f"{name}={value!r} is not above 0 and at most 1.")
    return number


def networks(name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Addresses and networks such as `127.0.0.1, 10.0.0.0/8`."""
    try:
        return tuple(ipaddress.ip_network(part) for part in comma_separated(name))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={text(name)!r} is not a list of addresses or networks: {error}.") from None


def program(name: str) -> str:
    """A path or a name on PATH; empty when unset."""
    value = text(name)
    if value and shutil.which(value) is None:
        raise ImproperlyConfigured(f"{name}={value!r} is not a program: neither a path nor a name on PATH.")
    return value


def path(name: str, default: Path) -> Path:
    value = text(name)
    return Path(value).expanduser().absolute() if value else default


def paths(name: str) -> tuple[Path, ...]:
    """The absolute folders of a colon-separated list, as of PATH."""
    folders = tuple(Path(part.strip()).expanduser() for part in text(name).split(":") if part.strip())
    for folder in folders:
        if not folder.is_absolute():
            raise ImproperlyConfigured(f"{name}={text(name)!r} has {str(folder)!r}, which is not an absolute path.")
    return folders


def database(name: str, default: Path) -> dict[str, object]:
    """A Django DATABASES entry from a URL such as `postgres://user:password@host/name`."""
    if not text(name):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": default}
    try:
        config: dict[str, object] = dict(_environ.db_url(name))
    except Exception as error:  # django-environ passes on any error of urlparse or of a missing scheme
        raise ImproperlyConfigured(f"{name} is not a database URL ({type(error).__name__}).") from error
    if not config.get("ENGINE"):
        raise ImproperlyConfigured(f"{name} names an unknown database engine.")
    if config["NAME"] == ":memory:":
        raise ImproperlyConfigured(
            f"{name} names a database in memory, which each thread would have for itself. Name a file: sqlite:////PATH"
        )
    return config


def service_url(name: str, schemes: tuple[str, ...]) -> str:
    """A URL such as `redis://:password@host:6379/0`; empty if it is unset. The value is in no message: it may hold a
    password."""
    value = text(name)
    try:
        parts = urlsplit(value)
        is_valid = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if value and not is_valid:
        raise ImproperlyConfigured(f"{name} is not a URL {' or '.join(f'{scheme}://' for scheme in schemes)}HOST:PORT.")
    return value


def load_or_create_secret(file: Path, length: int) -> str:
    """The secret in `file`, created on the first call with mode 0600, which an existing one gets too."""
    try:
        secret = files.create_once(file, secrets.token_urlsafe(length)).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(_describe_secret_error(file, error)) from error
    if not secret:
        raise ImproperlyConfigured(f"{file} is empty. Delete it; the next start creates a new one.")
    return secret


def _describe_secret_error(file: Path, error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"{file} is not text. Delete it; the next start creates a new one."
    exists = file.is_symlink() or file.exists()
    return files.describe_refusal(file if exists else file.parent, error) + (
        "" if exists else ", or set DATA_DIR to another folder."
    )
