"""The terminal dashboard and its client library: `from dashboard_client import Client`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashboard_client.client import Client

__all__ = ["Client"]


def __getattr__(name: str) -> object:
    if name == "Client":  # lazily: the screen is drawn before the network modules are loaded
        from dashboard_client.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
