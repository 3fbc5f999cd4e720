from __future__ import annotations

from pathlib import PurePath

from pm2.actions import prepare_payload
from pm2.frameworks.registry import Framework

FRAMEWORK = Framework("koa", "Koa", 3009, "red", "node/koa.mjs", True, "node", "node", None, "cluster_mode", False, 2)


def test_the_payload_of_prepare() -> None:
    payload = prepare_payload.build_payload(
        FRAMEWORK,
        3,
        script=PurePath("/srv/node/koa.mjs"),
        interpreter=PurePath("/usr/bin/node"),
        home=PurePath("/h"),
        env={"PATH": "/bin"},
        user="ada",
    )

    assert payload == {
        "name": "koa",
        "namespace": "default",
        "pm_exec_path": "/srv/node/koa.mjs",
        "pm_cwd": "/srv/node",
        "exec_interpreter": "/usr/bin/node",
        "exec_mode": "cluster_mode",
        "instances": 3,
        "args": [],
        "node_args": [],
        "env": {"PATH": "/bin", "PORT": "3009", "NODE_ENV": "production"},
        "pm_out_log_path": "/h/logs/koa-out.log",
        "pm_err_log_path": "/h/logs/koa-error.log",
        "pm_pid_path": "/h/pids/koa.pid",
        "merge_logs": True,
        "username": "ada",
        "autostart": True,
        "autorestart": True,
        "treekill": True,
        "kill_retry_time": 100,
        "instance_var": "NODE_APP_INSTANCE",
        "vizion": False,
        "pmx": True,
        "automation": True,
        "windowsHide": True,
        "watch": False,
    }


def test_our_api_key_reaches_neither_daemon_nor_framework() -> None:
    our_env = {"PATH": "/bin", "API_KEY": "k", "DATABASE_URL": "d", "name": "evil", "USER": "ada"}

    assert prepare_payload.daemon_env(our_env, "/h") == {"PATH": "/bin", "USER": "ada", "PM2_HOME": "/h"}
    assert prepare_payload.framework_env(our_env, [7000, 7001]) == {
        "PATH": "/bin",
        "USER": "ada",
        "REDIS_NODES": "127.0.0.1:7000,127.0.0.1:7001",
    }
