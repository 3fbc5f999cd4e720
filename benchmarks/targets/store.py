"""Own targets in the database: read, saved and deleted; their credentials are encrypted. [io: database]"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from benchmarks.generators.secret_headers import is_secret
from benchmarks.models import StoredTarget
from benchmarks.targets.errors import TargetExists, UnknownTarget
from benchmarks.targets.header_vault import Secrets, seal, unseal
from benchmarks.targets.target import CLEARED, SECRET, Target, TargetEndpoint, TargetSource

_ENDPOINT_FIELDS = {field.name for field in fields(TargetEndpoint)}


def list_stored() -> list[Target]:
    return [to_target(row) for row in StoredTarget.objects.all()]


def find_stored(name: str) -> Target | None:
    row = StoredTarget.objects.filter(name=name).first()
    return to_target(row) if row else None


def to_target(row: StoredTarget) -> Target:
    """Without its credentials: their values are SECRET, or CLEARED."""
    return Target(
        name=row.name,
        source=TargetSource.PM2 if row.pm2 else TargetSource.URL,
        pm2=row.pm2 or None,
        url=row.url or None,
        connect=row.connect or None,
        ports=tuple(row.ports),
        insecure=bool(row.insecure),
        protocol=row.protocol,
        endpoints=_endpoints(row) or (TargetEndpoint("/"),),
    )


def _endpoints(row: StoredTarget) -> tuple[TargetEndpoint, ...]:
    secrets = _secrets(row)
    endpoints = (_to_endpoint(columns) for columns in row.endpoints if isinstance(columns.get("path"), str))
    return tuple(
        replace(endpoint, headers=_without_values(endpoint, secrets.get(endpoint.key, {}))) for endpoint in endpoints
    )


def _to_endpoint(columns: Mapping[str, Any]) -> TargetEndpoint:
    return TargetEndpoint(**{name: value for name, value in columns.items() if name in _ENDPOINT_FIELDS})


def _without_values(endpoint: TargetEndpoint, kept: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: (SECRET if name in kept else CLEARED) if is_secret(name) else value
        for name, value in endpoint.headers.items()
    }


def _secrets(row: StoredTarget) -> Secrets:
    return unseal(row.sealed_headers, _keys())


def _keys() -> list[str]:
    return [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def secret_headers(name: str, endpoint: TargetEndpoint) -> dict[str, str]:
    """The credentials that are kept for an endpoint of a target."""
    row = StoredTarget.objects.filter(name=name).first()
    kept = _secrets(row).get(endpoint.key, {}) if row else {}
    return {header: value for header, value in kept.items() if header in endpoint.headers}


def save(columns: Mapping[str, Any], *, actor: str, is_new: bool = False) -> Target:
    """Creates or replaces a target. `columns`: those that TargetSerializer has checked. A credential that is given as
    `{"secret": true}` is kept, unless the address changes: another server must not receive it. Raises TargetExists."""
    try:
        with transaction.atomic():
            row = StoredTarget.objects.filter(name=columns["name"]).first()
            if row is not None and is_new:
                raise TargetExists(columns["name"])
            kept = _secrets(row) if row and _is_same_place(row, columns) else {}
            row = row or StoredTarget(name=columns["name"])
            for name in ("pm2", "url", "connect", "ports", "insecure", "protocol"):
                setattr(row, name, columns[name])
            row.endpoints = [_without_secrets(endpoint) for endpoint in columns["endpoints"]]
            row.sealed_headers = seal(_merged_secrets(columns["endpoints"], kept), _keys())
            row.changed_by = actor
            row.save()
    except IntegrityError as error:  # another request was faster
        raise TargetExists(columns["name"]) from error
    return to_target(row)


def _is_same_place(row: StoredTarget, columns: Mapping[str, Any]) -> bool:
    return all(getattr(row, name) == columns[name] for name in ("pm2", "url", "connect", "ports"))


def _without_secrets(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    headers = {name: "" if is_secret(name) else value for name, value in endpoint["headers"].items()}
    return {**endpoint, "headers": headers}


def _merged_secrets(endpoints: Iterable[Mapping[str, Any]], kept: Secrets) -> Secrets:
    merged: dict[str, dict[str, str]] = {}
    for endpoint in endpoints:
        key = f"{endpoint['method']} {endpoint['path']}"
        for name, value in endpoint["headers"].items():
            if not is_secret(name):
                continue
            secret = value if isinstance(value, str) else kept.get(key, {}).get(name)
            if secret is not None:
                merged.setdefault(key, {})[name] = secret
    return merged


def delete(name: str) -> None:
    """Raises UnknownTarget."""
    deleted, _ = StoredTarget.objects.filter(name=name).delete()
    if not deleted:
        raise UnknownTarget(name, [])
