"""The command lines that the page offers beside its actions are accepted by the programs that they name."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import pytest

from tests.parity import browser
from tests.test_docs import is_valid

pytestmark = pytest.mark.real  # node
CONFIG = {
    "frameworks": [{"name": "fastify", "installed": True}],
    "targets": [{"name": "my api", "endpoints": [{"path": "/orders", "method": "GET"}]}],
}
PROCESS = {"pmId": 3, "name": "it's", "pid": 7, "status": "online", "execMode": "cluster_mode"}
APP = {"name": "it's", "count": 2, "instances": 4}
RUN = {"id": "1", "framework": "my api", "endpoint": "/orders", "method": "GET", "profile": "quick", "trials": 1}
FORM = {"target": "my api", "endpoint": "/orders", "method": "GET", "profile": "sweep", "connections": 50}
URL_FORM = {"url": "https://a.test/?b=$c", "name": "my api", "method": "GET", "expect": ["p99<50ms", "errors<=0"]}
TOKEN = {"id": 1, "name": "it's", "role": "read", "days": 30}
CLUSTER = {
    "nodeCount": 9,
    "replicas": 2,
    "basePort": 7100,
    "maxMemory": 1048576,
    "persistence": "aof",
    "allowNoFailover": True,
}
TARGET = {"name": "my api", "pm2": "it's", "ports": [3000, 3001], "endpoints": []}
FILTER = {
    "framework": "my api",
    "endpoint": "/orders",
    "validity": "valid",
    "since": "2026-01-01T00:00:00Z",
    "until": "2026-02-01",
}
FILE = {"path": "/srv/my app/ecosystem.config.js", "only": ["a", "b c"], "env": "production"}
# Action → what it acts on, with everything that a command line can name; each once.
SUBJECTS: Mapping[str, list[Any]] = {
    **{f"pm2.{verb}": [PROCESS] for verb in ("start", "restart", "stop", "reload", "flush", "reset", "delete")},
    **{f"pm2.{verb}.app": [APP] for verb in ("start", "restart", "stop", "reload", "rolling-restart", "scale", "delete")},
    **{f"pm2.{verb}.all": [None] for verb in ("restart", "stop", "reload", "flush", "reset", "delete")},
    "pm2.signal": [PROCESS, PROCESS | {"signal": "SIGUSR2"}],
    "pm2.start.framework": [{"name": "fastify"}, {"name": "fastify", "instances": 2}],
    "pm2.start.file": [FILE, {"path": "/srv/app.json"}],
    "pm2.save": [None], "pm2.resurrect": [None],
    "redis.setup": [CLUSTER, {"nodeCount": 6}, None],
    "redis.resume": [None], "redis.stop": [None], "redis.stop.discard": [None], "redis.clean": [None],
    "redis.failover": [{"port": 7001, "role": "master"}],
    "benchmark.run": [{"body": FORM}, {"body": URL_FORM | {"insecure": True, "protocol": "h2", "duration": 10}}],
    "benchmark.again": [RUN, RUN | {"framework": "gone", "url": "http://a.test:1/"}],
    "benchmark.import": [None],
    **{f"benchmark.export.{format}": [FILTER, None] for format in ("json", "csv", "md", "benchstat")},
    "benchmark.target.save": [TARGET, {"name": "my api", "url": "http://a.test/"}],
    "benchmark.target.delete": [TARGET],
    "access.token.create": [TOKEN, TOKEN | {"role": "act", "days": None}],
    "access.token.revoke": [TOKEN],
    "quick.start": [None], "quick.cleanup": [None], "quick.redis": [None], "quick.benchmark": ["fastify"],
}  # fmt: skip
# What no command has: another method, credentials, endpoints of a target, names that a command takes as another word.
WITHOUT_A_COMMAND: list[tuple[str, Any]] = [
    ("benchmark.run", {"body": FORM | {"method": "POST"}}),
    ("benchmark.run", {"body": FORM | {"rate": 1000}}),
    ("benchmark.again", RUN | {"generator": "wrk"}),
    ("benchmark.target.save", TARGET | {"url": "http://a.test/"}),
    ("benchmark.target.save", TARGET | {"endpoints": [{"path": "/", "method": "GET"}]}),
    ("benchmark.export.csv", FILTER | {"method": "GET"}),
    ("pm2.restart", PROCESS | {"pmId": 9}),
    ("pm2.signal", PROCESS | {"pmId": 9}),
    ("pm2.stop", PROCESS | {"pmId": 5}),
    ("pm2.stop.app", APP | {"name": "-rf"}),
    ("pm2.scale.app", APP | {"name": "-x"}),
    ("pm2.start.app", APP | {"name": "api.config.js"}),
    ("pm2.start.app", APP | {"name": "a/b"}),
    ("access.token.create", TOKEN | {"name": "-x"}),
    ("access.token.revoke", TOKEN | {"name": "-x"}),
]


# One process is named as the pm_id of another, and one has a namespace like that.
LISTED = [
    {"pmId": 3, "name": "9", "namespace": "default"}, {"pmId": 9, "name": "api", "namespace": "5"},
    {"pmId": 5, "name": "web", "namespace": "default"},
]  # fmt: skip


def command_lines(samples: list[tuple[str, Any]]) -> list[str]:
    return browser.command_lines(samples, {"/api/system/config": CONFIG, "/api/pm2/stats": {"processes": LISTED}})


def test_every_command_line_of_the_page_is_checked() -> None:
    assert set(SUBJECTS) == {id for id, action in browser.actions().items() if action.has_command}


def test_the_programs_accept_the_command_lines_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    samples = [(id, subject) for id, subjects in SUBJECTS.items() for subject in subjects]
    lines = command_lines(samples)
    wrong = [
        (id, line) for (id, _), line in zip(samples, lines, strict=True) if not line or not is_valid(shlex.split(line))
    ]

    assert wrong == [], capsys.readouterr().err


def test_a_command_for_all_processes_has_no_name() -> None:
    """`restart all` is for what has the name or namespace `all`."""
    verbs = ("restart", "stop", "reload", "flush", "reset", "delete")

    assert command_lines([(f"pm2.{verb}.all", None) for verb in verbs]) == [
        f"python manage.py pm2 {verb}" for verb in verbs
    ]


def test_the_page_offers_no_command_line_that_would_do_something_else() -> None:
    assert command_lines(WITHOUT_A_COMMAND) == [""] * len(WITHOUT_A_COMMAND)
