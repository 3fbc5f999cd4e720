"""What to look at when there is no connection. [pure]"""

from __future__ import annotations


def what_to_check(server: str, reason: str, *, is_refused: bool = False) -> tuple[str, ...]:
    """`is_refused`: the server answered, and wants another key."""
    if is_refused:
        return (
            f"{server}: {reason}",
            "",
            "The server answers, and does not know the key. Ask whoever runs it for one",
            "(API_KEY there, or a token: manage.py token NAME), and start again with",
            "",
            "  API_KEY=… python -m dashboard_client",
            "",
            "The dashboard has stopped trying. Ctrl-R tries once more.",
        )
    said = reason if reason.startswith("Cannot connect") or not reason else f"{server}: {reason}"
    return (
        said or f"No answer from {server} yet.",
        "",
        f"1  Is it running there?           curl {server}/health",
        "2  Is the port open?              a firewall may close it; the default is 3100",
        "3  Is the address right?          API_SERVER, --server, or m, Tools, Connect",
        "4  Does it listen beyond itself?  without API_KEY it answers its own machine only",
        "5  Is the key right?              API_KEY here must be one that the server knows",
        "",
        "The dashboard goes on trying. Ctrl-R tries at once.",
    )
