"""Imports the libraries of `manage.py`, then forks a process for each command that is requested on its socket.

The libraries are more than half of a command's start. Nothing of this program is imported here, and no library that reads
settings or the environment, starts a thread or opens a file: a forked command finds what a new interpreter would, only
faster. A request is JSON, `{"argv", "env", "folder"}`, with three file descriptors for its standard streams; the answer is
the pid in one line, and the exit code in another, negative for a signal.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

LIBRARIES = (
    "django.contrib.admin.options", "django.contrib.admin.sites", "django.contrib.auth.hashers", "django.contrib.staticfiles.handlers",
    "django.core.handlers.asgi", "django.core.management", "django.core.servers.basehttp", "django.db.backends.sqlite3.base",
    "django.db.migrations.executor", "django.db.models", "django.forms", "django.template", "django.urls",
    "django.views.generic", "asgiref.sync", "autobahn.twisted.websocket", "channels.auth", "channels.routing",
    "cryptography.fernet", "cryptography.hazmat.primitives.kdf.hkdf", "h2.connection", "hdrh.histogram", "psutil", "re2", "requests",
    "rest_framework.serializers", "rest_framework_dataclasses.serializers", "structlog.dev", "structlog.twisted",
    "twisted.internet.asyncioreactor", "twisted.web.http", "unittest.mock", "whitenoise.middleware", "yaml",
)  # fmt: skip
MAX_REQUEST_BYTES = 100_000


def serve(listener: socket.socket) -> None:
    """Until standard input ends, which is a pipe from the tests. Returns in forked commands too, by SystemExit."""
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the attendants
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            _attend(connection)
        connection.close()


def _attend(connection: socket.socket) -> None:
    """Forks the command, and waits for it."""
    text, streams, _, _ = socket.recv_fds(connection, MAX_REQUEST_BYTES, 3)
    pid = os.fork()
    if not pid:
        connection.close()
        _become(json.loads(text), streams)
    connection.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(request: dict[str, Any], streams: Sequence[int]) -> None:
    """Ends with SystemExit, or the exception of the command."""
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["folder"])
    sys.argv = request["argv"]
    runpy.run_path(sys.argv[0], run_name="__main__")
    sys.exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
