"""Completion in the shell, by argcomplete's protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.fixtures.ports import free_port
from tests.fixtures.server import ROOT, Server

FRAMEWORKS = ["express", "fastify", "bun", "node", "uvicorn"]


def complete(line: str, folder: Path, url: str = "", module: str = "dashboard_client.__main__") -> list[str]:
    """The words that the shell offers at the end of the line, which begins with the name of the program."""
    answers = folder / "answers"
    env = os.environ | {
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_STDOUT_FILENAME": str(answers), "COMP_LINE": line,
        "COMP_POINT": str(len(line)), "COMP_TYPE": "9", "API_SERVER": url or f"http://127.0.0.1:{free_port()}",
    }  # fmt: skip
    argv = [sys.executable, "-c", f"from {module} import main; main()"]
    subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, timeout=60, check=False)
    return [word.strip() for word in answers.read_text().split("\n") if word.strip()]


@pytest.mark.real
def test_targets_and_their_endpoints_are_completed(shared_server: Server, tmp_path: Path) -> None:
    body = {"url": "http://10.0.0.5:80", "endpoints": [{"path": "/orders"}, {"path": "/old"}]}
    assert requests.put(f"{shared_server.url}/api/benchmark/targets/shop", json=body, timeout=60).status_code == 200
    try:
        lines = {
            line: complete(f"pm2site-dashboard run {line}", tmp_path, shared_server.url)
            for line in ("bench run ", "bench run sh", "bench run shop ", "bench run fastify s", "bench target delete ")
        }
    finally:
        requests.delete(f"{shared_server.url}/api/benchmark/targets/shop", timeout=60)

    assert [name for name in lines["bench run "] if name in (*FRAMEWORKS, "shop")] == [*FRAMEWORKS, "shop"]
    assert lines["bench run sh"] == ["shop"]
    assert lines["bench run shop "] == ["/orders", "/old"]
    assert lines["bench run fastify s"] == ["simple"]
    assert "shop" in lines["bench target delete "]


@pytest.mark.real
def test_without_a_server_the_commands_are_completed(tmp_path: Path) -> None:
    assert complete("pm2site-dashboard run bench run ", tmp_path) == []
    assert complete("pm2site-dashboard run bench tar", tmp_path) == ["targets", "target"]
    assert complete("pm2site-dashboard run pm2 stop ", tmp_path) == []


@pytest.mark.real
def test_the_benchmark_command_is_completed(tmp_path: Path) -> None:
    assert complete("pm2site-benchmark -f ", tmp_path, module="benchmarks.cli.main") == FRAMEWORKS
    assert complete("pm2site-benchmark --generator ", tmp_path, module="benchmarks.cli.main") == [
        "autocannon", "h2load", "wrk",
    ]  # fmt: skip
