"""Ecosystem files as people write them, with the options of the command line that they are started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

IDLE = "setInterval(() => {}, 1000)"
SERVES = "require('http').createServer((q, r) => r.end('hi')).listen(0)"
READY = "process.send('ready'); setInterval(() => {}, 1000)"
SCRIPTS = {
    "app.js": IDLE,
    "serves.js": SERVES,
    "ready.js": READY,
    "ends.js": "",
    "sub/inner.js": IDLE,
    "app.sh": "while true; do sleep 1; done",
    "app.py": "import time\nwhile True:\n    time.sleep(1)\n",
}


@dataclass(frozen=True, slots=True)
class EcosystemFile:
    """`name`: of the file; `only`, `env`: of the command line. `again`: its text for a second start."""

    name: str
    text: str
    only: tuple[str, ...] = ()
    env: str | None = None
    again: str | None = None

    @property
    def arguments(self) -> list[str]:
        only = ["--only", ",".join(self.only)] if self.only else []
        return [self.name, *only, *(["--env", self.env] if self.env else [])]


def js(apps: str) -> str:
    return f"module.exports = {{ apps: [{apps}] }}"


FILES: Mapping[str, EcosystemFile] = {
    "two apps": EcosystemFile("ecosystem.config.js", js("{name: 'api', script: 'app.js'}, {script: './ends.js'}")),
    "cjs": EcosystemFile("e.config.cjs", js("{name: 'a', script: require('path').join(__dirname, 'app.js')}")),
    "mjs": EcosystemFile("e.config.mjs", "export const apps = [{name: 'm', script: 'app.js', env: {A: '1'}}]"),
    "json": EcosystemFile("e.json", '{"apps": [{"name": "j", "script": "app.js", "args": ["--a", "b c"]}] /* json5 */, }'),
    "yml": EcosystemFile("e.yml", "apps:\n  - script: app.js\n    name: y\n    instances: 2\n    exec_mode: cluster\n"),
    "yaml": EcosystemFile("e.yaml", "- script: app.sh\n  name: y\n  env: {A: 1, B: {c: 2}, C: true}\n"),
    "max": EcosystemFile("e.config.js", js("{name: 'max', script: 'serves.js', instances: 'max'}")),
    "all but one": EcosystemFile("e.config.js", js("{name: 'few', script: 'serves.js', instances: -1, port: 3999}")),
    "increment": EcosystemFile(
        "e.config.js",
        js("{name: 'i', script: 'app.js', instances: 3, exec_mode: 'fork', increment_var: 'PORT', env: {PORT: 4000}}"),
    ),
    "ready": EcosystemFile("e.config.js", js("{name: 'r', script: 'ready.js', wait_ready: true, listen_timeout: 9000}")),
    "cron": EcosystemFile("e.config.js", js("{name: 'c', script: 'app.js', cron_restart: '0 3 * * *'}")),
    "env": EcosystemFile(
        "e.config.js",
        js(
            "{name: 'e', script: 'app.js', append_env_to_name: true, env: {A: 'x', NODE_ENV: 'development'},"
            " env_production: {NODE_ENV: 'production', N: 5, O: {a: [1]}}, env_staging: {NODE_ENV: 'staging'}}"
        ),
        env="production",
    ),
    "namespaces": EcosystemFile(
        "e.config.js", js("{name: 'n', namespace: 'shop', script: 'app.js'}, {name: 'o', script: 'app.sh'}")
    ),
    "arguments": EcosystemFile(
        "e.config.js",
        js(
            "{name: 'g', script: 'app.js', args: 'one \"two words\" -- three', node_args: ['--max-old-space-size=64'],"
            " source_map_support: true, disable_source_map_support: false}"
        ),
    ),
    "logs": EcosystemFile(
        "e.config.js",
        js(
            "{name: 'l', script: 'app.js', instances: 2, out_file: 'logs/new/o.log', error_file: '/dev/null',"
            " log_file: 'logs/all.log', merge_logs: true, log_date_format: 'YYYY-MM-DD', log_type: 'json'},"
            " {name: 'd', script: 'app.sh', time: true, pid_file: 'd.pid', disable_logs: true}"
        ),
    ),
    "limits": EcosystemFile(
        "e.config.js",
        js(
            "{name: 'q', script: 'app.js', max_memory_restart: '300M', kill_timeout: 300, min_uptime: 5000,"
            " max_restarts: 4, restart_delay: 100, exp_backoff_restart_delay: 200, shutdown_with_message: true}"
        ),
    ),
    "interpreters": EcosystemFile(
        "e.config.js", js("{name: 'p', script: 'app.py'}, {script: 'app.sh', interpreter: 'bash', interpreter_args: '-e'}")
    ),
    "watch": EcosystemFile(
        "e.config.js", js("{name: 'w', script: 'app.js', watch: ['sub'], ignore_watch: ['logs'], watch_delay: 900}")
    ),
    "endings": EcosystemFile(
        "e.config.js",
        js(
            "{name: 'x', script: 'ends.js', autorestart: false, stop_exit_codes: [0, 3]},"
            " {name: 'z', script: 'app.js', autostart: false}"
        ),
    ),
    "cwd": EcosystemFile(
        "e.config.js", js("{cwd: './sub', script: 'inner.js', exec_mode: 'cluster', instance_var: 'N', filter_env: ['LANG']}")
    ),
    "command": EcosystemFile("e.config.js", js("{name: 'cmd', script: 'node app.js --flag', vizion: false, pmx: false}")),
    "only": EcosystemFile(
        "e.config.js",
        js("{name: 'a', script: 'app.sh'}, {name: 'b', script: 'app.sh'}, {name: 'c', script: 'app.sh'}"),
        only=("a", "c"),
    ),
    "one object": EcosystemFile("e.config.js", "module.exports = {name: 'one', script: 'app.js', uid: process.getuid()}"),
    "deploy": EcosystemFile(
        "e.config.js",
        "module.exports = {pm2: [{name: 'dep', script: 'app.js', env_live: {A: 'a'}}], deploy: {live: {env: {D: 'd'}}}}",
        env="live",
    ),
    "again": EcosystemFile(
        "e.config.js",
        js("{name: 'twice', script: 'app.js', instances: 2, env: {A: 'first'}}"),
        again=js(
            "{name: 'twice', script: 'app.js', instances: 3, env: {A: 'second', B: 'new'}, kill_timeout: 900},"
            " {name: 'later', script: 'app.sh'}"
        ),
    ),
}  # fmt: skip


def write(folder: Path, file: EcosystemFile) -> Path:
    """The file, with the scripts that it names beside it."""
    for name, source in SCRIPTS.items():
        script = folder / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(source)
    path = folder / file.name
    path.write_text(file.text)
    return path
