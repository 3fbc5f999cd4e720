"""Evaluates an ecosystem file in a Node process of its own, by PM2's modules. [io: child process]

The process has an allow-listed environment, `EVALUATION_S`, and a heap of `HEAP_MB`. It sends nothing to the daemon:
`evaluate.cjs` prints what PM2's command line would send.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from pm2.actions import prepare_payload
from pm2.daemon.process import as_int, as_text, pm2_env
from pm2.errors import find_error_line
from pm2.file_errors import EcosystemInvalid, UnknownApp, UnknownEnvironment
from system.errors import ChildTimeout
from system.host import binaries, child_processes
from system.lib.text import printable

EVALUATION_S = 10.0
HEAP_MB = 256
MAX_OUTPUT_BYTES = 8 * 2**20  # of the calls, which repeat the environment for each app
ARGUMENT_BYTES = 64 * 1024  # below the 128 KB of an argument on Linux (MAX_ARG_STRLEN)
SCRIPT = Path(__file__).with_name("evaluate.cjs")

_IN_ORDER = re.compile(r"Applications .* not running, starting|Folder does not exist|App .* has option 'wait_ready'")

Payload = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What PM2's command line would send. `starts`: payloads of `prepare`; `restarts`: pm_id and environment of what is
    listed already; `folders`: of log files, to create first."""

    starts: tuple[Payload, ...]
    restarts: tuple[tuple[int, Payload], ...]
    folders: tuple[str, ...]
    warnings: tuple[str, ...]


async def evaluate(
    file: Path, processes: Sequence[Mapping[str, object]], only: Sequence[str] = (), env: str | None = None
) -> Evaluation:
    """`processes`: `getMonitorData`. Raises EcosystemInvalid, UnknownApp, UnknownEnvironment, and the errors of
    `binaries.require` and of a child process."""
    mark = secrets.token_hex(16)
    pm2 = await asyncio.to_thread(binaries.require, "pm2")
    request = {
        "pm2": str(pm2.path.resolve().parent.parent),
        "file": file.name,  # PM2 looks for the ending in the whole path
        "mark": mark,
        "only": list(only) or None,
        "env": env,
        "processes": [_identity(entry) for entry in processes],
    }
    completed = await _run(file, json.dumps(request))
    text = completed.stdout.rpartition(f"\n{mark}")[2] if mark in completed.stdout else ""
    if not text:
        raise EcosystemInvalid(str(file), _why_no_answer(completed))
    answer = json.loads(text)
    if answer["error"]:
        raise EcosystemInvalid(str(file), _describe(answer["error"], answer["messages"]))
    _check_selection(file, answer, only, env)
    return Evaluation(
        tuple(payload for method, payload in answer["calls"] if method == "prepare"),
        tuple((as_int(call["id"]), call["env"]) for method, call in answer["calls"] if method == "restartProcessId"),
        tuple(answer["folders"]),
        tuple(dict.fromkeys(printable(line) for line in answer["messages"] if _is_warning(line))),
    )


def _identity(entry: Mapping[str, object]) -> dict[str, object]:
    """What PM2's command line reads of a listed process."""
    env = pm2_env(entry)
    name, pm_id = as_text(entry.get("name")), as_int(entry.get("pm_id"))
    described = {key: env.get(key) for key in ("namespace", "pm_exec_path", "pmx_module")}
    return {"name": name, "pm_id": pm_id, "pm2_env": {"name": name, "pm_id": pm_id, **described}}


async def _run(file: Path, request: str) -> child_processes.CompletedProcess:
    node = await asyncio.to_thread(binaries.require, "node")
    env = prepare_payload.daemon_env(os.environ, str(settings.PM2_HOME))
    if await asyncio.to_thread(shutil.which, "node", path=env.get("PATH")) is None:
        env["PATH"] = f"{env.get('PATH', '/usr/bin:/bin')}:{node.path.parent}"  # the apps need it too
    pieces = [request[start : start + ARGUMENT_BYTES // 4] for start in range(0, len(request), ARGUMENT_BYTES // 4)]
    argv = [str(node.path), f"--max-old-space-size={HEAP_MB}", str(SCRIPT), *pieces]
    try:
        return await child_processes.run(
            argv, env=env, cwd=file.parent, timeout_s=EVALUATION_S, output_limit_bytes=MAX_OUTPUT_BYTES
        )
    except ChildTimeout:
        raise EcosystemInvalid(str(file), f"it was not evaluated within {EVALUATION_S:g} s") from None


def _why_no_answer(completed: child_processes.CompletedProcess) -> str:
    if completed.truncated:
        return f"it describes more than {MAX_OUTPUT_BYTES // 2**20} MB"
    if completed.signal:
        error = "" if "heap" not in completed.stderr else f": it needed more than {HEAP_MB} MB"
        return f"Node ended by {completed.signal} while it was evaluated{error}"
    if completed.exit_code and (line := find_error_line(completed.stderr.splitlines())):
        return f"Node ended with {completed.exit_code} while it was evaluated: {printable(line)}"
    return f"it ended Node with exit code {completed.exit_code} before its apps were read, as process.exit does"


def _describe(error: Mapping[str, object], messages: Sequence[str]) -> str:
    message, kind = printable(as_text(error.get("message"))), error.get("kind")
    line = f", line {error['line']}" if error.get("line") else ""
    if kind == "value":
        return f"it exports no object with apps, but {message}"
    if kind == "thrown":
        return f"{message}{line}"
    return f"PM2 refuses it: {message.removeprefix('Error: ') or printable('; '.join(messages))}"


def _check_selection(file: Path, answer: Mapping[str, object], only: Sequence[str], env: str | None) -> None:
    names, environments = answer["names"], answer["environments"]
    assert isinstance(names, list)  # noqa: S101 - ours
    assert isinstance(environments, dict)  # noqa: S101 - ours
    listed = [printable(str(name)) for name in names]
    if not names:
        raise EcosystemInvalid(str(file), "it has no apps")
    if unknown := [name for name in only if name not in names]:
        raise UnknownApp(str(file), unknown, listed)
    selected = {name: defined for name, defined in environments.items() if not only or name in only}
    if env and not any(env in defined for defined in selected.values()):
        known = sorted({printable(name) for defined in selected.values() for name in defined})
        raise UnknownEnvironment(str(file), env, known)


def _is_warning(message: str) -> bool:
    """Not what PM2 reports of a start that is in order."""
    return _IN_ORDER.match(message) is None
