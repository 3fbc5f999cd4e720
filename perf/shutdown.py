"""`make harden PART=shutdown`: SIGTERM at random moments of every long verb, and whether the next server starts clean.

`python -m perf.shutdown [--moments N] [--kill] [VERB …]`; with `--kill`, SIGKILL, of which only the last is demanded.

For each verb the state that it needs is prepared, the verb is requested, and after a random part of its usual duration
the server gets SIGTERM. It must exit within 10 s with code 0, the request must have a response, and the next server on
the same data must be able to act at once: no lock and no half-made state may be in its way.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from perf.served import ROOT, free_port, pm2_command

EXIT_S = 10.0
MOMENTS = 20
HISTORY_ROWS = 5000
SLOW_STOP = "process.on('SIGINT', () => setTimeout(() => process.exit(0), 1500)); setInterval(() => {}, 1000);"
Call = tuple[str, str, Mapping[str, Any]]  # method, path, body


class Server:
    """A server that is started and ended many times on the same data."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))
        self.port = free_port()
        self.env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
            "API_PORT": str(self.port), "DATA_DIR": str(self.folder / "var"), "PM2_HOME": str(self.folder / "pm2"),
            "BENCH_HISTORY_FILE": str(self.folder / "history.json"), "BACKUP_HOURS": "0",
        }  # fmt: skip
        self.process: subprocess.Popen[bytes]

    def start(self) -> None:
        with (self.folder / "output.txt").open("ab") as output:
            argv = [sys.executable, str(ROOT / "manage.py"), "serve"]
            self.process = subprocess.Popen(argv, env=self.env, stdout=output, stderr=output)
        deadline_s = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline_s:
            with suppress(requests.ConnectionError):
                requests.get(f"http://127.0.0.1:{self.port}/health", timeout=5)
                return
            time.sleep(0.05)
        raise SystemExit("[ERROR] The server did not start:\n" + (self.folder / "output.txt").read_text()[-3000:])

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[float, int | None]:
        """Seconds until the exit, and its code; None if it had to be killed after a minute."""
        started_s = time.monotonic()
        self.process.send_signal(number)
        try:
            code: int | None = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        return time.monotonic() - started_s, code

    def call(self, call: Call) -> tuple[int, Any]:
        """Status and body; 0 and the error if there is no response."""
        method, path, body = call
        try:
            response = requests.request(method, f"http://127.0.0.1:{self.port}{path}", json=dict(body), timeout=120)
            return response.status_code, response.json() if "json" in response.headers["Content-Type"] else None
        except requests.RequestException as error:
            return 0, str(error)

    def clean(self) -> None:
        if self.process.poll() is None:
            self.end()
        subprocess.run([*pm2_command(), "kill"], env=self.env, capture_output=True, timeout=60, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def post(path: str, **body: Any) -> Call:
    return "POST", path, body


@dataclass(frozen=True)
class Verb:
    """`before`: calls that make the state it needs; `after`: calls that must succeed on the next server; `lasts_s`: how
    long it goes on after its response."""

    call: Call
    before: Sequence[Call] = ()
    after: Sequence[Call] = ()
    lasts_s: float = 0.0


CLEAN = post("/api/redis/clean", confirm=True)
NO_CLUSTER, NO_PROCESSES = [CLEAN], [post("/api/pm2/deleteAll")]
CLUSTER = [CLEAN, post("/api/redis/setup", nodeCount=6)]
FASTIFY = post("/api/pm2/start", framework="fastify", instances=2)
STARTED = [*NO_PROCESSES, FASTIFY]
RELOAD = post("/api/benchmark/reload")
VERBS = {  # the slow app is deleted by the verbs after its own
    "pm2 restart, slow stop": Verb(post("/api/pm2/restart", name="slow"), (), ()),
    "pm2 start": Verb(FASTIFY, NO_PROCESSES, NO_PROCESSES),
    "pm2 restart": Verb(post("/api/pm2/restart", framework="fastify"), STARTED, NO_PROCESSES),
    "pm2 reload": Verb(post("/api/pm2/reload", framework="fastify"), STARTED, NO_PROCESSES),
    "pm2 rolling-restart": Verb(post("/api/pm2/rolling-restart", framework="fastify"), STARTED, NO_PROCESSES),
    "pm2 scale": Verb(post("/api/pm2/scale", framework="fastify", instances=6), STARTED, NO_PROCESSES),
    "pm2 stopAll": Verb(post("/api/pm2/stopAll"), STARTED, NO_PROCESSES),
    "redis setup": Verb(post("/api/redis/setup", nodeCount=12), NO_CLUSTER, CLUSTER),
    "redis stop": Verb(post("/api/redis/stop"), CLUSTER, [post("/api/redis/resume")]),
    "redis resume": Verb(post("/api/redis/resume"), [*CLUSTER, post("/api/redis/stop")], [post("/api/redis/resume")]),
    "redis clean": Verb(CLEAN, CLUSTER, CLUSTER),
    "redis failover": Verb(post("/api/redis/failover", port=7003), CLUSTER, [post("/api/redis/stop", discard=True)]),
    "benchmark run": Verb(post("/api/benchmark/run", framework="fastify", duration=2), [FASTIFY], (), 6.0),
    "benchmark reload": Verb(RELOAD, [("DELETE", "/api/benchmark/clear", {})], [RELOAD]),
    "benchmark clear": Verb(("DELETE", "/api/benchmark/clear", {}), [RELOAD], [RELOAD]),
    "benchmark export": Verb(("GET", "/api/benchmark/export", {}), [RELOAD], ()),
}


def write_history(file: Path) -> None:
    entries = [
        {"framework": "fastify", "reqPerSec": number, "timestamp": f"2026-01-01T{number // 3600:02}:00:00Z"}
        for number in range(HISTORY_ROWS)
    ]
    file.write_text(json.dumps(entries))


def start_slow_app(server: Server) -> None:
    script = server.folder / "slow.js"
    script.write_text(SLOW_STOP)
    argv = [*pm2_command(), "start", str(script), "--name", "slow", "--kill-timeout", "8000"]
    subprocess.run(argv, env=server.env, capture_output=True, timeout=60, check=True)


def prepare(server: Server, verb: Verb) -> None:
    for call in verb.before:
        status, body = server.call(call)
        if status not in (200, 201, 202, 409) and body.get("code") != "daemon_down":
            raise SystemExit(f"[ERROR] {call[1]}: {status} {body}")


def usual_seconds(server: Server, verb: Verb) -> float:
    prepare(server, verb)
    started_s = time.monotonic()
    server.call(verb.call)
    return time.monotonic() - started_s + verb.lasts_s


def interrupt(server: Server, verb: Verb, delay_s: float, number: signal.Signals) -> tuple[float, list[str]]:
    """One moment: seconds until the exit, and what was wrong. The next server runs afterwards."""
    prepare(server, verb)
    responses: list[tuple[int, Any]] = []
    request = threading.Thread(target=lambda: responses.append(server.call(verb.call)))
    request.start()
    time.sleep(delay_s)
    seconds, code = server.end(number)
    request.join()
    is_killed = number == signal.SIGKILL
    wrong = [] if is_killed or code == 0 else [f"exit code {code}"]
    if seconds > EXIT_S:
        wrong.append(f"exit after {seconds:.1f} s")
    [(status, body)] = responses
    may_be_cut = is_killed or verb.call[0] == "GET"
    if status == 0 and not may_be_cut:
        wrong.append(f"no response: {body}")
    server.start()
    for call in verb.after:
        status, body = server.call(call)
        if status not in (200, 201, 202):
            wrong.append(f"then {call[1]}: {status} {body}")
    return seconds, wrong


def measure(server: Server, name: str, verb: Verb, moments: random.Random, count: int, number: signal.Signals) -> bool:
    usual_s = usual_seconds(server, verb)
    exits, faults = [], []
    for _ in range(count):
        delay_s = moments.uniform(0, 1.1 * usual_s)
        seconds, wrong = interrupt(server, verb, delay_s, number)
        exits.append(seconds)
        faults += [f"    after {delay_s:.2f} s: {text}" for text in wrong]
    print(f"{name:24} {usual_s:8.2f} {count:8} {max(exits):10.2f} {len(faults):7}", flush=True)
    print("".join(fault[:400] + "\n" for fault in faults[:5]), end="", flush=True)
    return not faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m perf.shutdown", description=__doc__)
    parser.add_argument(
        "--moments", type=int, default=MOMENTS, metavar="N", help=f"signals per verb; {MOMENTS} by default"
    )
    parser.add_argument("verbs", nargs="*", metavar="VERB", help=f"of {', '.join(VERBS)}; all by default")
    parser.add_argument("--kill", action="store_true", help="SIGKILL instead of SIGTERM")
    arguments = parser.parse_args()
    chosen = {name: VERBS[name] for name in arguments.verbs or VERBS}
    number = signal.SIGKILL if arguments.kill else signal.SIGTERM
    seed = random.SystemRandom().randrange(10_000)
    print(f"seed {seed}\n{'verb':24} {'usual s':>8} {number.name + 's':>8} {'max exit s':>10} {'faults':>7}")
    server = Server()
    write_history(server.folder / "history.json")
    server.start()
    try:
        server.call(FASTIFY)
        start_slow_app(server)
        moments = random.Random(seed)
        held = [measure(server, name, verb, moments, arguments.moments, number) for name, verb in chosen.items()]
        server.call(CLEAN)
    finally:
        server.clean()
    print("All limits held." if all(held) else f"[ERROR] {held.count(False)} of {len(held)} verbs had faults.")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
