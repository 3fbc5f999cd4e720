"""schemathesis sends a started server requests that satisfy the OpenAPI document and requests that violate it, and checks
that the responses are those that the document names."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.fixtures.server import ROOT, StartServer

FOLDER = Path(__file__).parent
KEY = "key"


@pytest.mark.timeout(600)
def test_every_operation_keeps_to_the_document(start_server: StartServer) -> None:
    """With PM2 and a framework, whose ports and home are the test's own. No cluster and no benchmark is started: the
    first needs a redis-server, the second the name of a framework."""
    server = start_server(API_KEY=KEY, API_HOST="127.0.0.1", TRUSTED_PROXIES="127.0.0.1", REDIS_SERVER="false")
    started = requests.post(
        f"{server.url}/api/pm2/start", json={"framework": "node"}, headers={"X-API-Key": KEY}, timeout=60
    )
    env = server.env | {
        "DJANGO_SETTINGS_MODULE": "pm2site.settings", "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.pm2site.web.schemathesis_hooks",
    }  # fmt: skip
    argv = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(FOLDER / "schemathesis.toml"), "run",
        f"{server.url}/api/schema?format=json", "--url", server.url, "--header", f"X-API-Key: {KEY}", "--checks=all",
        "--generation-deterministic", "--max-examples=3", "--continue-on-failure",
        "--request-timeout=30", "--no-color", "--no-shrink",
    ]  # fmt: skip
    # Bounded by the number of cases, 2,500, of which most follow from the document and not from `--max-examples`.
    run = subprocess.run(argv, env=env, cwd=server.folder, capture_output=True, text=True, timeout=500, check=False)

    assert started.status_code == 200, started.text
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-5_000:]
    assert re.search(r"Selected: (\d+)/\1\n +Tested: \1\n", run.stdout), run.stdout[-2000:]
    assert "unexpected error" not in server.log.read_text()
