"""Troubleshooting checklist for a failed connection. [pure]"""

from __future__ import annotations


def connection_checklist(server: str, reason: str, *, is_rejected: bool = False) -> tuple[str, ...]:
    """`is_rejected`: the server rejected the key."""
    if is_rejected:
        return (
            f"{server}: {reason}",
            "",
            "The server rejected the key. Ask its administrator for one",
            "(API_KEY there, or a token: manage.py token NAME), and restart with",
            "",
            "  API_KEY=… python -m dashboard_client",
            "",
            "The dashboard has stopped retrying. Ctrl-R retries.",
        )
    failure = reason if reason.startswith("Cannot connect") or not reason else f"{server}: {reason}"
    return (
        failure or f"No answer from {server} yet.",
        "",
        f"1  Is the server running?         curl {server}/health",
        "2  Is the port open?              a firewall may block it; the default is 3100",
        "3  Is the address right?          API_SERVER, --server, or m, Tools, Connect",
        "4  Does it accept remote clients? without API_KEY it serves localhost only",
        "5  Is the key right?              API_KEY must be a key of the server",
        "",
        "The dashboard keeps retrying. Ctrl-R retries now.",
    )
