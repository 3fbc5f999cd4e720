"""The operations of the API, from its OpenAPI document."""

from __future__ import annotations

from functools import cache

from drf_spectacular.generators import SchemaGenerator


@cache
def operations() -> frozenset[tuple[str, str]]:
    """Method and path."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    paths = generator.get_schema(request=None, public=True)["paths"]  # type: ignore[no-untyped-call]
    return frozenset((method.upper(), path) for path, methods in paths.items() for method in methods)
