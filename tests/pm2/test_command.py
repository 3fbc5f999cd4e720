"""`manage.py pm2` from the server's shell."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import re
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from pm2.errors import DaemonNotRunning
from pm2site.audit.trail import read_entries
from tests.fixtures.pm2_apps import run_app
from tests.fixtures.ports import FASTIFY
from tests.fixtures.server import ROOT
from tests.pm2.ecosystem.ecosystem_files import EcosystemFile, js, write
from tests.preloaded.commands import run_manage

pytestmark = pytest.mark.real


def pm2(home: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    completed = run_manage(["pm2", *arguments], {**os.environ, "PM2_HOME": str(home)}, timeout_s=60)
    return completed.returncode, completed.stdout, completed.stderr


def test_the_life_of_a_framework_from_the_command_line(new_pm2_home: Path) -> None:
    code, out, err = pm2(new_pm2_home, "status")
    assert (code, out, err.splitlines()[-1]) == (0, "", "0 of 0 online")

    assert pm2(new_pm2_home, "start", "fastify", "-i", "2") == (0, "Started fastify: 2 instances\n", "")
    code, out, err = pm2(new_pm2_home, "status")
    columns = [line.split() for line in out.splitlines()[1:]]
    assert [row[2:5] + row[-1:] for row in columns] == [["fastify", "cluster", "online", str(FASTIFY)]] * 2
    assert err == "2 of 2 online\n"
    assert pm2(new_pm2_home, "reload") == (0, "Reloaded fastify: 2 instances\n", "")
    assert pm2(new_pm2_home, "status", "fastify")[0::2] == (0, "2 of 2 online\n")
    assert pm2(new_pm2_home, "list", "1")[0::2] == (0, "1 of 1 online\n")
    assert pm2(new_pm2_home, "status", "koa") == (
        1,
        "",
        "[ERROR] No PM2 process is named 'koa', or in such a namespace.\n",
    )
    assert pm2(new_pm2_home, "scale", "-i", "1", "fastify")[:2] == (0, "Scaled fastify from 2 to 1 instance\n")
    assert pm2(new_pm2_home, "stop")[0::2] == (1, "[ERROR] stop without a name requires --yes.\n")
    assert pm2(new_pm2_home, "stop", "--yes") == (0, "Stopped fastify: 1 process\n", "")
    assert json.loads(pm2(new_pm2_home, "delete", "fastify", "--json")[1])["message"] == "Deleted fastify: 1 process"


def test_the_life_of_an_ecosystem_file_from_the_command_line(new_pm2_home: Path, tmp_path: Path) -> None:
    apps = "{name: 'api', script: 'app.js', env_live: {A: 1}}, {name: 'web', script: 'app.js', out_file: 'new/o.log'}"
    path = write(tmp_path, EcosystemFile("e.config.js", js(apps)))
    user, script = getpass.getuser(), tmp_path / "app.js"

    code, out, err = pm2(new_pm2_home, "start", str(path), "--only", "api", "--env", "live")
    assert (code, out) == (0, "Started api: 1 process\n")
    assert err == f"To start api as {user}: node {script}, in {tmp_path}\n"
    again = json.loads(pm2(new_pm2_home, "start", str(path), "--json", "--yes")[1])
    assert (again["message"], (tmp_path / "new").is_dir()) == ("Started web, api: 2 processes", True)
    assert sorted((app["name"], app["restarts"]) for app in again["apps"]) == [("api", True), ("web", False)]

    assert pm2(new_pm2_home, "save") == (0, f"Saved 2 processes in {new_pm2_home}/dump.pm2\n", "")
    assert pm2(new_pm2_home, "stop", "api")[0] == 0
    assert pm2(new_pm2_home, "start", "api")[:2] == (0, "Started api: 1 process\n")
    assert pm2(new_pm2_home, "signal", "web", "cont")[:2] == (0, "Sent SIGCONT to web: 1 process\n")
    assert pm2(new_pm2_home, "flush")[0::2] == (1, "[ERROR] flush without a name requires --yes.\n")
    assert pm2(new_pm2_home, "flush", "web")[:2] == (0, "Emptied the logs of web: 1 process\n")
    assert pm2(new_pm2_home, "reset")[:2] == (0, "Reset PM2's counters of api, web: 2 processes\n")
    assert pm2(new_pm2_home, "delete", "--yes")[0] == 0
    assert pm2(new_pm2_home, "save")[0] == 1
    assert pm2(new_pm2_home, "resurrect")[:2] == (0, "Resurrected api, web: 2 processes\n")


@pytest.mark.parametrize("word", ["0", "shop", "talks"])
async def test_followed_logs_are_those_of_the_selected_processes(pm2_home: Path, tmp_path: Path, word: str) -> None:
    talks = "setInterval(() => console.log('tick'), 100)"
    await run_app(tmp_path, "talks", talks, namespace="shop")
    await run_app(tmp_path, "other", talks)
    argv = [sys.executable, str(ROOT / "manage.py"), "pm2", "logs", word, "-n", "1", "-f"]
    command = await asyncio.create_subprocess_exec(
        *argv, env={**os.environ, "PM2_HOME": str(pm2_home)}, stdout=asyncio.subprocess.PIPE
    )
    assert command.stdout
    async with asyncio.timeout(60):
        lines = [(await command.stdout.readline()).decode() for _ in range(5)]
    command.terminate()
    await command.wait()

    assert [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in lines] == ["talks 0 | tick\n"] * 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["start", "express", "-i", "1000"], "argument -i/--instances: '1000' is not an integer from 1 to 100"),
        (["start", "express", "-i", "0"], "argument -i/--instances: '0' is not an integer from 1 to 100"),
        (["logs", "-n", "0"], "argument -n/--lines: '0' is not an integer from 1 to 5000"),
        (["start"], "the following arguments are required: NAME"),
        (["scale", "fastify"], "the following arguments are required: -i/--instances"),
        (["restart", "-i", "3", "fastify"], "unrecognized arguments: -i fastify"),
        (["stop", "-f", "fastify"], "unrecognized arguments: -f"),
        (["signal", "fastify"], "the following arguments are required: SIGNAL"),
        (["signal", "fastify", "nope"], "argument SIGNAL: 'nope' is not the name of a signal"),
        (["save", "fastify"], "unrecognized arguments: fastify"),
    ],
)
def test_wrong_usage_is_refused(arguments: list[str], message: str, pm2_home: Path) -> None:
    code, out, err = pm2(pm2_home, *arguments)

    assert (code, out) == (2, "")
    assert err.splitlines()[-1].partition(": error: ")[2] == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["start", "koa"], "Neither a process in PM2's list nor a framework is named 'koa'."),
        (["start", "koa", "-i", "2"], "No framework is named 'koa'."),
        (["start", "node", "--only", "api"], "--only is for an ecosystem file, and 'node' is not the path of one."),
        (["start", "./e.config.js", "-i", "2"], "-i is for frameworks: an ecosystem file has `instances`."),
        (["start", "none.config.js"], f"{Path.cwd()}/none.config.js cannot be read: no such file or directory."),
        (["resurrect"], "There is no saved list: "),
        (["save"], "is not running"),
        (["restart", "fastify"], "is not running"),
        (
            ["logs", "koa"],
            "is not running. Starting a process starts it; `pm2 resurrect`, too, with those of a saved list. So it is unknown which processes there are.",
        ),
        (
            ["status", "koa"],
            "is not running. Starting a process starts it; `pm2 resurrect`, too, with those of a saved list. So it is unknown which processes there are.",
        ),
    ],
)
def test_a_failed_command_prints_one_line(new_pm2_home: Path, arguments: list[str], message: str) -> None:
    code, out, err = pm2(new_pm2_home, *arguments)

    assert (code, out) == (1, "")
    assert "[ERROR]" in err
    assert message in err
    assert len(err.splitlines()) == 1


async def test_logs_without_a_usable_daemon_give_the_reason(new_pm2_home: Path, tmp_path: Path) -> None:
    down = await asyncio.to_thread(pm2, new_pm2_home, "logs")
    await run_app(tmp_path, "talks", "console.log('tick'); setInterval(() => {}, 1000)")
    unknown = await asyncio.to_thread(pm2, new_pm2_home, "logs", "koa")
    for socket in new_pm2_home.glob("*.sock"):
        socket.unlink()
    async with asyncio.timeout(60):
        while not (unusable := await asyncio.to_thread(pm2, new_pm2_home, "logs"))[0]:
            pass  # a daemon as young as this one may not listen yet
    code, out, err = unusable

    assert down == (0, "", f"{DaemonNotRunning(str(new_pm2_home))}\n")
    assert unknown == (1, "", "[ERROR] No PM2 process is named 'koa'.\n")
    assert (code, out, "rpc.sock was deleted" in err) == (1, "", True)


@pytest.mark.django_db
def test_a_refused_command_is_recorded_in_the_audit_trail() -> None:
    with pytest.raises(CommandError):
        call_command("pm2", "start", "koa")

    [entry] = read_entries(limit=10).entries
    assert (entry.action, entry.target, entry.outcome) == ("pm2.start", "koa", "refused")
    assert entry.message.startswith("Neither a process in PM2's list nor a framework is named 'koa'.")
