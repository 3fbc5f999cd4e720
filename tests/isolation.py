"""Loaded before Django: gives the tests a data folder, a PM2 home and ports of their own, and no key of anybody."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tests import ports

OURS = (
    "API_", "BENCH_", "DASHBOARD_", "DATA_DIR", "DATABASE_URL", "DJANGO_", "FRAMEWORK_",
    "LOG_", "NODE_ENV", "NO_PROXY", "PM2_", "REDIS_", "http_proxy", "https_proxy",
)  # fmt: skip

for name in list(os.environ):
    if name.startswith(OURS):
        del os.environ[name]

# A unix socket path holds 107 bytes, and pytest's own folders are longer than that.
FOLDER = Path(tempfile.mkdtemp(prefix="p2", dir="/tmp"))
os.environ.update(
    DATA_DIR=str(FOLDER / "var"),
    PM2_HOME=str(FOLDER / "pm2"),
    BENCH_HISTORY_FILE=str(FOLDER / "no-history.json"),
    DJANGO_SETTINGS_MODULE="pm2site.settings",
    FRAMEWORK_PORT_OFFSET=str(ports.FRAMEWORK_PORT_OFFSET),
    REDIS_BASE_PORT=str(ports.SERVERS_REDIS),
)
_owner = os.getpid()


def remove() -> None:
    if os.getpid() == _owner:  # a forked child must not take the folder away
        shutil.rmtree(FOLDER, ignore_errors=True)


atexit.register(remove)
