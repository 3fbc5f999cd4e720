"""Child processes: argument lists, drained pipes, killed as a group, known by start time. [io: subprocess]"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal as signals
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil

from system.errors import ChildFailed, ChildTimeout

TAIL_BYTES = 64 * 1024
CHUNK_BYTES = 64 * 1024
DRAIN_S = 1.0  # how long a pipe may stay open after the child has gone, held by a grandchild


@dataclass(frozen=True, slots=True)
class Identity:
    """A process, told apart from later ones with the same pid. `started_at`: seconds since boot (Linux)."""

    pid: int
    started_at: float
    boot_id: str


@dataclass(frozen=True, slots=True)
class Finished:
    """How a child ended. `truncated`: the beginning of a stream was dropped to bound memory."""

    exit_code: int
    signal: str | None
    stdout: str
    stderr: str
    truncated: bool


@lru_cache(maxsize=1)
def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"{psutil.boot_time():.0f}"


def identify(pid: int) -> Identity | None:
    """The identity of a live process; None for one that is gone or a zombie."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Identity(pid, _started_at(process), boot_id())
    except (psutil.Error, OSError, ValueError):
        return None


def _started_at(process: psutil.Process) -> float:
    # Field 22 of /proc/PID/stat counts from boot, so a step of the wall clock does not change an identity.
    try:
        after_name = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(after_name[19]) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return process.create_time()


def is_alive(identity: Identity) -> bool:
    return identify(identity.pid) == identity


def kill_group(identity: Identity, signal: int) -> bool:
    """Signal the process group that `identity` leads; False, and no signal, when it is gone."""
    if not is_alive(identity):
        return False
    try:
        os.killpg(identity.pid, signal)
    except ProcessLookupError:
        return False
    return True


class _Tail:
    """The last `limit` bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.kept = bytearray()
        self.truncated = False

    async def drain(self, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(CHUNK_BYTES):
            self.kept += chunk
            if len(self.kept) > self.limit:
                del self.kept[: len(self.kept) - self.limit]
                self.truncated = True

    def text(self) -> str:
        return self.kept.decode(errors="replace")


class Child:
    """A running child in a session of its own. Its pipes are drained from the start."""

    def __init__(self, process: asyncio.subprocess.Process, program: str, limit: int) -> None:
        assert process.stdout is not None  # noqa: S101 - both pipes were asked for
        assert process.stderr is not None  # noqa: S101
        self._process = process
        self._stdout, self._stderr = _Tail(limit), _Tail(limit)
        self._drains = [
            asyncio.ensure_future(self._stdout.drain(process.stdout)),
            asyncio.ensure_future(self._stderr.drain(process.stderr)),
        ]
        self.program = program
        self.identity = identify(process.pid) or Identity(process.pid, 0.0, boot_id())

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        output_limit_bytes: int = TAIL_BYTES,
    ) -> Child:
        """Raises ChildFailed when the program is missing or may not be executed."""
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise ChildFailed(argv[0], getattr(error, "strerror", None) or str(error)) from error
        return cls(process, Path(argv[0]).name, output_limit_bytes)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    @property
    def stdout_tail(self) -> str:
        return self._stdout.text()

    @property
    def stderr_tail(self) -> str:
        return self._stderr.text()

    async def wait(self) -> Finished:
        """Wait for the end; a grandchild that holds a pipe open is killed with the group after `DRAIN_S`."""
        code = await self._process.wait()
        _, open_pipes = await asyncio.wait(self._drains, timeout=DRAIN_S)
        if open_pipes:
            self._signal_group(signals.SIGKILL)
            await asyncio.wait(self._drains, timeout=DRAIN_S)
        name = signals.Signals(-code).name if code < 0 else None
        truncated = self._stdout.truncated or self._stderr.truncated
        return Finished(code, name, self.stdout_tail, self.stderr_tail, truncated)

    async def stop(self, grace_s: float) -> Finished:
        """SIGTERM to the group, SIGKILL after `grace_s` seconds."""
        self._signal_group(signals.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await self._process.wait()
        except TimeoutError:
            pass
        self._signal_group(signals.SIGKILL)
        return await self.wait()

    def _signal_group(self, signal: int) -> None:
        # The group outlives its leader as long as a grandchild is in it; until it is reaped the id is ours.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal)


async def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_s: float,
    output_limit_bytes: int = 2**20,
) -> Finished:
    """Run to the end. Raises ChildFailed, or ChildTimeout after killing the whole group."""
    child = await Child.start(argv, env=env, cwd=cwd, output_limit_bytes=output_limit_bytes)
    try:
        async with asyncio.timeout(timeout_s):
            return await child.wait()
    except TimeoutError:
        await child.stop(0.5)
        raise ChildTimeout(child.program, timeout_s, child.stderr_tail) from None
    except asyncio.CancelledError:
        await asyncio.shield(child.stop(0.5))
        raise


def output_of(argv: Sequence[str], timeout_s: float) -> str | None:
    """What a short command prints to stdout and stderr; None when it cannot be run. For threads."""
    try:
        finished = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return finished.stdout[:TAIL_BYTES].decode(errors="replace")


def spawn_detached(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log_file: Path) -> Identity:
    """Start a process that outlives this one: own session, no pipes, output appended to `log_file`."""
    log_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log_file.open("ab") as log:
            process = subprocess.Popen(
                list(argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(env), cwd=cwd,
                start_new_session=True,
            )  # fmt: skip
    except (OSError, ValueError) as error:
        raise ChildFailed(argv[0], getattr(error, "strerror", None) or str(error)) from error
    identity = identify(process.pid) or Identity(process.pid, 0.0, boot_id())
    threading.Thread(target=process.wait, name=f"reaper of {process.pid}", daemon=True).start()
    return identity


def ancestry() -> frozenset[int]:
    """The pids of this process and of all that it descends from."""
    process = psutil.Process()
    return frozenset({process.pid, *(parent.pid for parent in process.parents())})
