"""The terminal dashboard, and its network half for other programs: `from dashboard_client import Client`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashboard_client.client import Client

__all__ = ["Client"]


def __getattr__(name: str) -> object:
    if name == "Client":  # only when asked for: the screen comes up before the network is loaded
        from dashboard_client.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
