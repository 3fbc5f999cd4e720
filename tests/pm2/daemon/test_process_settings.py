from __future__ import annotations

import pytest

from pm2.daemon.process_settings import ProcessSettings, parse_settings

DEFAULTS: dict[str, object] = {
    "autorestart": True, "wait_ready": False, "kill_timeout_s": 1.6, "listen_timeout_s": 3.0,
    "stop_exit_codes": frozenset(), "script": "", "port": None,
}  # fmt: skip


def settings(**changed: object) -> ProcessSettings:
    return ProcessSettings(**(DEFAULTS | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, settings()),
        (
            {"autorestart": False, "wait_ready": True, "kill_timeout": 20000, "listen_timeout": "15000"},
            settings(autorestart=False, wait_ready=True, kill_timeout_s=20.0, listen_timeout_s=15.0),
        ),
        ({"autorestart": "false", "stop_exit_codes": [0, "143", 2.0]}, settings(
            autorestart=False, stop_exit_codes=frozenset({0, 2, 143}))),
        ({"pm_exec_path": "/a/server.js", "PORT": "3001"}, settings(script="/a/server.js", port=3001)),
        *(({"PORT": port}, settings(port=3001 if port == 3001 else None)) for port in (
            3001, True, 0, "0", "65536", "-1", "3001.5", "٣", "", None, [3001], "9" * 5000)),
        ({"stop_exit_codes": 3}, settings(stop_exit_codes=frozenset({3}))),
        ({"kill_timeout": 1e300, "listen_timeout": "1e9999"}, settings(kill_timeout_s=86_400.0)),
        (
            {"autorestart": None, "wait_ready": "yes", "kill_timeout": "soon", "listen_timeout": [], "stop_exit_codes": {}},
            settings(),
        ),
        ({"kill_timeout": 0, "listen_timeout": -5, "stop_exit_codes": ["", "x", None, True]}, settings()),
    ],
)  # fmt: skip
def test_the_settings_of_a_process(env: dict[str, object], expected: ProcessSettings) -> None:
    assert parse_settings({"pm2_env": env}) == expected


def test_a_process_without_wait_ready_is_online_at_once() -> None:
    assert [settings(wait_ready=ready).startup_s for ready in (False, True)] == [0.0, 3.0]
