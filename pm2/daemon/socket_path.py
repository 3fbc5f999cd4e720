"""The paths of the daemon's two sockets."""

from __future__ import annotations

from pathlib import Path

from pm2.errors import InvalidHome

MAX_PATH_BYTES = 107  # Linux: the 108 bytes of `sun_path`, less the final NUL (unix(7))


def socket_path(home: Path, name: str) -> str:
    """The path of the socket `name` in `PM2_HOME`. Raises InvalidHome: longer than a socket address holds."""
    path = str(home / name)
    if len(path.encode()) > MAX_PATH_BYTES:
        raise InvalidHome(path)
    return path
