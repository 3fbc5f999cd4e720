"""Which server or command acts on the daemon, as the other ones on the same PM2_HOME name it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

from django.conf import settings

_port: int | None = None


def begin_to_serve(port: int) -> None:
    """Makes this process a server; the first call counts. Without it, it is a command."""
    global _port
    _port = port if _port is None else _port


@dataclass(frozen=True, slots=True)
class Origin:
    """`port`: of a server; None for a command. `server_id`: of its DATA_DIR, because containers reuse pids."""

    pid: int
    port: int | None
    server_id: str

    @property
    def is_another_server(self) -> bool:
        return self.port is not None and self != this_process()

    def __str__(self) -> str:
        if self.port is None:
            return f"a command (pid {self.pid})"
        return f"another server (pid {self.pid}, port {self.port})"


def this_process() -> Origin:
    return Origin(os.getpid(), _port, str(settings.SERVER_ID))


def to_json(**fields: object) -> str:
    """The fields and this process, as a lock or an announcement carries them."""
    return json.dumps({**fields, **asdict(this_process())}, separators=(",", ":"))


def from_fields(fields: dict[str, object]) -> Origin:
    """The inverse of `to_json`. Raises KeyError, TypeError, ValueError."""
    port = fields["port"]
    return Origin(_as_int(fields["pid"]), None if port is None else _as_int(port), str(fields["server_id"])[:64])


def _as_int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not an integer")
    return value
