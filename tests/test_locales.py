"""The server and the commands under locales whose encoding is neither UTF-8 nor a superset of Latin-1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.fixtures.server import StartServer

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parent.parent
LOG_LINE = "日本 ≥ \N{EURO SIGN}\n"


@pytest.mark.parametrize(
    ("locale", "encoding", "printed", "measures"),
    [("ja_JP", "EUC-JP", "日本 >= \\u20ac", True), ("zh_CN", "GBK", "日本 ≥ \\u20ac", False)],
)
def test_every_program_works(
    locale: str, encoding: str, printed: str, measures: bool, start_server: StartServer, tmp_path: Path
) -> None:
    name = f"{locale}.{encoding}"
    compiled = subprocess.run(
        ["localedef", "-i", locale, "-f", encoding, tmp_path / name], capture_output=True, check=False
    )
    if compiled.returncode:
        pytest.skip(f"The sources of the locale {name} are not installed.")

    server = start_server(LOCPATH=str(tmp_path), LC_ALL=name)
    started = requests.post(server.url + "/api/pm2/start", json={"framework": "node", "instances": 1}, timeout=60)
    assert (started.status_code, started.json()["message"]) == (200, "Started node: 1 instance")
    log = next((Path(server.env["PM2_HOME"]) / "logs").glob("node-out*"))
    deadline_s = time.monotonic() + 60
    while "listens" not in log.read_text(encoding="utf-8"):  # PM2 writes the framework's own line with a delay
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    server.stop()  # it would answer with the live lines that it has seen
    log.write_text(LOG_LINE, encoding="utf-8")
    server.start()

    def run(*arguments: str) -> tuple[int, str, str]:
        env = {**os.environ, **server.env, "API_SERVER": server.url}
        finished = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, timeout=100, check=False
        )
        return finished.returncode, finished.stdout.decode(encoding), finished.stderr.decode(encoding)

    for command in (["manage.py"], ["-m", "dashboard_client", "run"]):
        code, out, err = run(*command, "pm2", "logs", "node")
        assert (code, out.partition(" | ")[2], err) == (0, printed + "\n", "")
    if measures:
        measured = run("-m", "dashboard_client", "run", "bench", "node", "-d", "1")
        assert measured[0] in (0, 4), measured[2]
        assert measured[1].startswith("node GET /simple: ")
        code, out, _ = run("-m", "benchmarks", "-f", "node", "-d", "1", "--json")
        assert code in (0, 4)
        assert json.loads(out)["framework"] == "node"
    assert "Traceback" not in server.log.read_text(encoding=encoding)
