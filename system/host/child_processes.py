"""Child processes: argument lists, drained pipes, killed as a group, known by start time. [io: subprocess]"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal as signals
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil

from system.errors import ChildFailed, ChildTimeout

TAIL_BYTES = 64 * 1024
CHUNK_BYTES = 64 * 1024
DRAIN_S = 1.0  # how long a pipe may stay open after the child has gone, held by a grandchild
NOT_EXECUTED = (126, 127)  # what a shell, env and the dynamic loader exit with when a program cannot run


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

    def add(self, chunk: bytes) -> None:
        self.kept += chunk
        if len(self.kept) > self.limit:
            del self.kept[: len(self.kept) - self.limit]
            self.truncated = True

    def text(self) -> str:
        return self.kept.decode(errors="replace")


class _Pipes(asyncio.SubprocessProtocol):
    """Drains both pipes, and tells the end of the process from the end of its pipes.

    `asyncio.subprocess.Process.wait` does not: in Python 3.11 it returns only when the pipes are closed as well.
    """

    def __init__(self, limit: int) -> None:
        loop = asyncio.get_running_loop()
        self.stdout, self.stderr = _Tail(limit), _Tail(limit)
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        (self.stdout if fd == 1 else self.stderr).add(data)

    def process_exited(self) -> None:
        self.exited.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The process has exited and both pipes are closed."""
        self.closed.set_result(None)
        if self._transport:
            self._transport.close()


class Child:
    """A running child in a session of its own. Its pipes are drained from the start."""

    def __init__(self, transport: asyncio.SubprocessTransport, pipes: _Pipes, program: str) -> None:
        self._transport, self._pipes = transport, pipes
        self.pid = transport.get_pid()
        self.program = program
        self.identity = identify(self.pid) or Identity(self.pid, 0.0, boot_id())

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
            transport, pipes = await asyncio.get_running_loop().subprocess_exec(
                lambda: _Pipes(output_limit_bytes),
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
        return cls(transport, pipes, Path(argv[0]).name)

    @property
    def exit_code(self) -> int | None:
        return self._transport.get_returncode()

    @property
    def stdout_tail(self) -> str:
        return self._pipes.stdout.text()

    @property
    def stderr_tail(self) -> str:
        return self._pipes.stderr.text()

    async def wait(self) -> Finished:
        """Wait for the end; a grandchild that holds a pipe open is killed with the group after `DRAIN_S`."""
        await asyncio.wait([self._pipes.exited])
        await asyncio.wait([self._pipes.closed], timeout=DRAIN_S)
        if not self._pipes.closed.done():
            self._signal_group(signals.SIGKILL)
            await asyncio.wait([self._pipes.closed], timeout=DRAIN_S)
        self._transport.close()  # a pipe still open is held from another session, which is not ours to kill
        code = self._transport.get_returncode() or 0
        truncated = self._pipes.stdout.truncated or self._pipes.stderr.truncated
        return Finished(code, _signal_name(code), self.stdout_tail, self.stderr_tail, truncated)

    async def stop(self, grace_s: float) -> Finished:
        """SIGTERM to the group, SIGKILL after `grace_s` seconds or when the caller is cancelled."""
        self._signal_group(signals.SIGTERM)
        try:
            await asyncio.wait([self._pipes.exited], timeout=grace_s)
        finally:
            self._signal_group(signals.SIGKILL)
        return await self.wait()

    def _signal_group(self, signal: int) -> None:
        # A group outlives its leader while a grandchild is in it. Once it is empty, its number may become the
        # pid of a stranger, who is left alone.
        if identify(self.pid) not in (None, self.identity):
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal)


def _signal_name(code: int) -> str | None:
    if code >= 0:
        return None
    try:
        return signals.Signals(-code).name
    except ValueError:  # most real-time signals have no name
        return f"SIG{-code}"


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
    """What a short command prints, whatever it exits with; None when it cannot be run or does not end. For threads.

    Reads `TAIL_BYTES` or a little more, then closes the pipe; kills the command with its group when the time is up.
    """
    ends_s = time.monotonic() + timeout_s
    try:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError):
        return None
    assert process.stdout is not None  # noqa: S101 - it was asked for
    with process.stdout as pipe:
        printed = _read_until(pipe.fileno(), ends_s)
    try:
        code = process.wait(max(0.0, ends_s - time.monotonic()))
    except subprocess.TimeoutExpired:
        code = None
        os.killpg(process.pid, signals.SIGKILL)
        process.wait()
    return None if code is None or code in NOT_EXECUTED else printed.decode(errors="replace")


def _read_until(pipe: int, ends_s: float) -> bytes:
    """What comes through until the end of the file, `TAIL_BYTES` or the moment `ends_s`."""
    kept = bytearray()
    readable = select.poll()  # select() stops at 1024 open files
    readable.register(pipe, select.POLLIN)
    while len(kept) < TAIL_BYTES and (left_s := ends_s - time.monotonic()) > 0 and readable.poll(left_s * 1000):
        if not (chunk := os.read(pipe, CHUNK_BYTES)):
            break
        kept += chunk
    return bytes(kept)


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
