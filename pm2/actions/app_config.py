"""What PM2's `prepare` wants to start a framework. [pure]"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath

from pm2.frameworks.registry import NO_INTERPRETER, Framework


def prepare_payload(
    framework: Framework,
    instances: int,
    *,
    script: PurePath,
    interpreter: PurePath | None,
    home: PurePath,
    env: Mapping[str, str],
    user: str,
) -> dict[str, object]:
    """The argument of `prepare`: what PM2's own command line would send, defaults included.

    Without `autostart`, `kill_retry_time` and `treekill` PM2 7 shows a wrong status, polls every
    millisecond when it kills, and leaves children behind.
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
    """The environment of a framework: an allow-list of ours, and where Redis may be."""
    kept = {name: base[name] for name in ALLOWED if name in base}
    return kept | {"REDIS_NODES": ",".join(f"127.0.0.1:{port}" for port in redis_ports)}


# A key of ours must not travel into PM2's daemon or into what it starts.
ALLOWED = ("PATH", "HOME", "LANG", "LC_ALL", "LOGNAME", "SHELL", "TMPDIR", "TZ", "USER")


def daemon_env(base: Mapping[str, str], home: str, more_programs: PurePath | None = None) -> dict[str, str]:
    """The environment that PM2's daemon is started with. `more_programs`: a folder behind all others of PATH."""
    env = {name: base[name] for name in ALLOWED if name in base} | {"PM2_HOME": home}
    if more_programs is not None:
        env["PATH"] = f"{env.get('PATH', '/usr/bin:/bin')}:{more_programs}"
    return env
