"""Builds the payload of PM2's `prepare`, and the environments of the daemon and of a framework. [pure]"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath

from pm2.frameworks.registry import NO_INTERPRETER, Framework


def build_payload(
    framework: Framework,
    instances: int,
    *,
    script: PurePath,
    interpreter: PurePath | None,
    home: PurePath,
    env: Mapping[str, str],
    user: str,
) -> dict[str, object]:
    """The argument of `prepare`, as PM2's own command line sends it, defaults included.

    Without `autostart`, `kill_retry_time` and `treekill` PM2 7 shows a wrong status, polls every millisecond while
    killing, and leaves children behind.
    """
    logs = home / "logs"
    return {
        "name": framework.name,
        "namespace": "default",
        "pm_exec_path": str(script),
        "pm_cwd": str(script.parent),
        "exec_interpreter": NO_INTERPRETER if interpreter is None else str(interpreter),
        "exec_mode": framework.exec_mode,
        "instances": instances,
        "args": [],
        "node_args": [],
        "env": {**env, "PORT": str(framework.port), "NODE_ENV": "production"},
        "pm_out_log_path": str(logs / f"{framework.name}-out.log"),
        "pm_err_log_path": str(logs / f"{framework.name}-error.log"),
        "pm_pid_path": str(home / "pids" / f"{framework.name}.pid"),
        "merge_logs": True,
        "username": user,
        "autostart": True,
        "autorestart": True,
        "treekill": True,
        "kill_retry_time": 100,
        "instance_var": "NODE_APP_INSTANCE",
        "vizion": False,
        "pmx": framework.runtime == "node",
        "automation": True,
        "windowsHide": True,
        "watch": False,
    }


def framework_env(base: Mapping[str, str], redis_ports: Iterable[int]) -> dict[str, str]:
    """The environment of a framework: an allow-list of our own, and the addresses of Redis."""
    allowed = {name: base[name] for name in ALLOWED_ENV if name in base}
    return allowed | {"REDIS_NODES": ",".join(f"127.0.0.1:{port}" for port in redis_ports)}


# Our API keys must not reach PM2's daemon or the processes that it starts.
ALLOWED_ENV = ("PATH", "HOME", "LANG", "LC_ALL", "LOGNAME", "SHELL", "TMPDIR", "TZ", "USER")


def daemon_env(base: Mapping[str, str], home: str, fallback_path: PurePath | None = None) -> dict[str, str]:
    """The environment of PM2's daemon. `fallback_path`: a folder appended to PATH."""
    env = {name: base[name] for name in ALLOWED_ENV if name in base} | {"PM2_HOME": home}
    if fallback_path is not None:
        env["PATH"] = f"{env.get('PATH', '/usr/bin:/bin')}:{fallback_path}"
    return env
