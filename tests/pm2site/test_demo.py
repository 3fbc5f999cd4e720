"""`manage.py demo` runs the client's commands in its own terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_ends_with_the_error_and_the_exit_code_of_the_client(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other_program:  # answers 501
        threading.Thread(target=other_program.serve_forever, daemon=True).start()
        environ = {**os.environ, "API_PORT": str(other_program.server_port), "DATA_DIR": str(tmp_path)}
        result = subprocess.run(
            [sys.executable, ROOT / "manage.py", "demo", "--leave"], cwd=tmp_path, env=environ, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip
        other_program.shutdown()

    client, demo = [line for line in result.stderr.splitlines() if line.startswith("[ERROR]")]
    assert "answered 501, not an API server's response" in client
    assert (demo, result.stdout) == ("[ERROR] The demo ended at: run quickstart fastify -i 2", "")
    assert result.returncode == 1
