"""The other files of deploy/, by the tools that read them."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import time
from pathlib import Path

import pytest
import requests
from django.conf import settings

from pm2.actions import start_steps
from pm2site.management.commands import serve
from system.host import binaries
from tests.fixtures.ports import free_port
from tests.fixtures.server import ROOT, unused_server

DEPLOY = ROOT / "deploy"
DEADLINE_S = 60
REDIS = ("7000-7029", "17000-17029")  # by the defaults of REDIS_BASE_PORT and REDIS_MAX_NODES


@pytest.mark.real
def test_nftables_accepts_its_file() -> None:
    argv = ["/usr/sbin/nft", "-c", "-f", str(DEPLOY / "nftables.conf")]
    complaints = subprocess.run(argv, capture_output=True, text=True, timeout=DEADLINE_S, check=False).stderr

    # Without CAP_NET_ADMIN, as in a container, nft reads the file and then may not ask the kernel.
    assert complaints.strip() in ("", "netlink: Error: cache initialization failed: Operation not permitted")


def test_nftables_replaces_the_rules_of_an_earlier_run() -> None:
    text = (DEPLOY / "nftables.conf").read_text()
    statements = [line for line in text.splitlines() if line.startswith(("table", "delete"))]

    assert statements == ["table inet pm2site", "delete table inet pm2site", "table inet pm2site {"]


def test_nginx_reads_as_much_and_waits_longer_than_the_server() -> None:
    text = (DEPLOY / "nginx-locations.conf").read_text()
    body_kib = re.findall(r"client_max_body_size (\d+)k;", text)
    wait_s, socket_s = map(int, re.findall(r"proxy_read_timeout (\d+)s;", text))

    assert body_kib == [str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024)]
    assert wait_s > serve.HTTP_TIMEOUT_S
    assert socket_s > 2 * serve.PING_S


def test_nftables_opens_the_server_and_closes_redis_and_its_bus() -> None:
    lines = [line.split("#")[0] for line in (DEPLOY / "nftables.conf").read_text().splitlines()]
    closed = " ".join(line for line in lines if "drop" in line)
    opened = " ".join(line for line in lines if "dport 3100 accept" in line)

    assert tuple(re.findall(r"\d+-\d+", closed)) == REDIS
    assert re.findall(r"\d{4,5}", opened) == ["3100"]


@pytest.mark.real
def test_ufw_opens_the_server_and_closes_redis_and_its_bus_before_all_other_rules(tmp_path: Path) -> None:
    """ufw's tables need root and are the machine's own, so a recorder stands in. Of ufw 0.36.2 is known: the first rule
    that matches decides; `prepend` of a rule that exists skips it; `delete` of one that does not exist returns 0."""
    recorder, record = tmp_path / "ufw", tmp_path / "record"
    recorder.write_text(f'#!/bin/sh\necho "$@" >> {record}\n')
    recorder.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["sh", str(DEPLOY / "ufw.sh")], env=env, timeout=DEADLINE_S, check=True)

    bus, ports = (f"deny proto tcp to any port {span.replace('-', ':')}" for span in reversed(REDIS))
    server = "allow proto tcp to any port 3100"
    assert record.read_text().splitlines() == [
        f"delete {server}", f"prepend {server} comment pm2site",
        f"delete {bus}", f"prepend {bus} comment Redis cluster bus, this machine only",
        f"delete {ports}", f"prepend {ports} comment Redis Cluster, this machine only",
    ]  # fmt: skip


@pytest.mark.real
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "pm2site.service"
    text = (DEPLOY / unit.name).read_text()
    unit.write_text(text.replace("/opt/pm2site/.venv/bin/python", str(program)).replace("User=deploy", "User=root"))

    argv = ["systemd-analyze", "verify", str(unit)]
    verified = subprocess.run(argv, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    # An unknown option is a line and no failure; the machine's own units may have lines too.
    complaints = [line for line in verified.stderr.splitlines() if unit.name in line]
    assert (verified.returncode, complaints) == (0, [])
    options = r"^(?:KillMode|OOMPolicy|TasksMax|TimeoutStopSec|StateDirectoryMode)=.*"
    assert re.findall(options, text, re.MULTILINE) == [
        "StateDirectoryMode=0700", "KillMode=process", "OOMPolicy=continue", "TasksMax=infinity", "TimeoutStopSec=15",
    ]  # fmt: skip


@pytest.mark.real
async def test_pm2_runs_the_server_by_its_ecosystem_file(new_pm2_home: Path) -> None:
    await start_steps.ensure_daemon()
    server = unused_server(PM2_HOME=str(new_pm2_home), API_PORT=str(free_port()), API_HOST="127.0.0.1")
    node, pm2 = str(binaries.require("node").path), str(binaries.require("pm2").path)

    def command(*arguments: str) -> str:
        finished = subprocess.run(
            [node, pm2, *arguments], env=server.env, capture_output=True, text=True, timeout=DEADLINE_S, check=True
        )
        return finished.stdout

    try:
        await asyncio.to_thread(command, "start", str(DEPLOY / "ecosystem.config.cjs"))
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            try:
                health = await asyncio.to_thread(requests.get, server.url + "/health", timeout=DEADLINE_S)
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline_s, command("jlist")
                await asyncio.sleep(0.1)
        assert health.json()["status"] == "ok"
        answer = await asyncio.to_thread(requests.post, server.url + "/api/pm2/stopAll", timeout=DEADLINE_S)
        assert [process["name"] for process in answer.json()["skipped"]] == ["pm2site"]
        await asyncio.to_thread(command, "stop", "pm2site")
        [process] = json.loads(command("jlist"))
        assert (process["pm2_env"]["status"], process["pm2_env"]["exit_code"]) == ("stopped", 0)
        assert (process["pm2_env"]["treekill"], process["pm2_env"]["kill_timeout"]) == (False, 12000)
    finally:
        await asyncio.to_thread(command, "delete", "all")
        server.clean()
