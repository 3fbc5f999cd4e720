"""Runs child processes: argument lists, drained pipes, killed as a group, identified by start time. [io: subprocess]"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import select
import signal as signals
import subprocess
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from system.errors import ChildFailed, ChildTimeout
from system.host.boot_clock import boot_id, started_at_s
from system.lib import files

TAIL_BYTES = 64 * 1024
CHUNK_BYTES = 64 * 1024
DRAIN_TIMEOUT_S = 1.0  # how long a grandchild may hold a pipe open after the child has exited
NOT_EXECUTED = (126, 127)  # exit codes of a shell, env and the dynamic loader when a program cannot run
# API_KEY and API_KEY_READONLY are ours; others are those of the shell that started us. PWD and OLDPWD are folders.
_SECRET = re.compile(
    r"(^|_)(KEYS?|PAT)(_|$)|(API|ACCESS|PRIVATE)KEYS?(_|$)|SECRET|TOKENS?(_|$)|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?"
    r"|_(PWD|PASS)$|(^|_)AUTH$|^(DATABASE|CHANNEL_REDIS|BROKER)_URL$", re.IGNORECASE,
)  # fmt: skip
# In a value: `scheme://user:password@`, and `password=…` as in the connection strings of libpq and ODBC.
_PASSWORD = re.compile(r"[a-z][\w+.-]*://[^\s/?#@]*:[^\s/?#]*@|\b(password|passwd|pwd)\s*=\s*[^\s;]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Identity:
    """Distinguishes a process from later ones with the same pid. `started_at`: seconds since boot (Linux)."""

    pid: int
    started_at: float
    boot_id: str


@dataclass(frozen=True, slots=True)
class CompletedProcess:
    """The result of a child. `truncated`: the beginning of a stream was dropped to bound memory."""

    exit_code: int
    signal: str | None
    stdout: str
    stderr: str
    truncated: bool


def without_secrets(environ: Mapping[str, str], keep: Collection[str] = ()) -> dict[str, str]:
    """The variables that hold no key, token or password, by their names and values; and those of `keep`."""
    secret = {name for name, value in environ.items() if _SECRET.search(name) or _PASSWORD.search(value)}
    return {name: value for name, value in environ.items() if name in keep or name not in secret}


def identify(pid: int) -> Identity | None:
    """The identity of a live process; None for one that is gone or a zombie."""
    try:
        if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return None
        return Identity(pid, started_at_s(pid), boot_id())
    except (psutil.Error, OSError, ValueError):
        return None


def is_alive(identity: Identity) -> bool:
    return identify(identity.pid) == identity


def kill_group(identity: Identity, signal: int) -> bool:
    """Signals the process group that `identity` leads. Returns False without a signal if the process is gone."""
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
        self.buffer = bytearray()
        self.truncated = False

    def add(self, chunk: bytes) -> None:
        self.buffer += chunk
        if len(self.buffer) > self.limit:
            del self.buffer[: len(self.buffer) - self.limit]
            self.truncated = True

    def text(self) -> str:
        return self.buffer.decode(errors="replace")


class _Pipes(asyncio.SubprocessProtocol):
    """Drains both pipes, and distinguishes the exit of the process from the closing of its pipes.

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
    """A running child in its own session. Its pipes are drained from the start."""

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
        """Raises ChildFailed if the program is missing or not executable."""
        try:
            transport, pipes = await asyncio.get_running_loop().subprocess_exec(
                lambda: _Pipes(output_limit_bytes),
                *argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=without_secrets(os.environ) if env is None else env,
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

    async def wait(self) -> CompletedProcess:
        """Waits for the exit; a grandchild that holds a pipe open is killed with the group after `DRAIN_TIMEOUT_S`."""
        await asyncio.wait([self._pipes.exited])
        await asyncio.wait([self._pipes.closed], timeout=DRAIN_TIMEOUT_S)
        if not self._pipes.closed.done():
            self._signal_group(signals.SIGKILL)
            await asyncio.wait([self._pipes.closed], timeout=DRAIN_TIMEOUT_S)
        self._transport.close()  # a pipe still open belongs to another session, which is not ours to kill
        code = self._transport.get_returncode() or 0
        truncated = self._pipes.stdout.truncated or self._pipes.stderr.truncated
        return CompletedProcess(code, _signal_name(code), self.stdout_tail, self.stderr_tail, truncated)

    async def stop(self, grace_s: float) -> CompletedProcess:
        """Sends SIGTERM to the group, and SIGKILL after `grace_s` seconds or when the caller is cancelled."""
        self._signal_group(signals.SIGTERM)
        try:
            await asyncio.wait([self._pipes.exited], timeout=grace_s)
        finally:
            self._signal_group(signals.SIGKILL)
        return await self.wait()

    def _signal_group(self, signal: int) -> None:
        # A group outlives its leader while a grandchild is in it. Once it is empty, its id may be reused as the
        # pid of an unrelated process, which must not be signalled.
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
) -> CompletedProcess:
    """Runs a command to completion. Raises ChildFailed, or ChildTimeout after killing the whole group."""
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


def read_output(argv: Sequence[str], timeout_s: float) -> str | None:
    """The output of a short command, whatever its exit code; None if it cannot run or exceeds `timeout_s`. Blocks.

    Reads `TAIL_BYTES` or a little more, then closes the pipe; on timeout kills the command with its group.
    """
    deadline_s = time.monotonic() + timeout_s
    try:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, env=without_secrets(os.environ),
        )  # fmt: skip
    except (OSError, ValueError):
        return None
    assert process.stdout is not None  # noqa: S101 - stdout=PIPE
    with process.stdout as pipe:
        output = _read_until(pipe.fileno(), deadline_s)
    try:
        code = process.wait(max(0.0, deadline_s - time.monotonic()))
    except subprocess.TimeoutExpired:
        code = None
        os.killpg(process.pid, signals.SIGKILL)
        process.wait()
    return None if code is None or code in NOT_EXECUTED else output.decode(errors="replace")


def _read_until(pipe: int, deadline_s: float) -> bytes:
    """Reads until the end of file, `TAIL_BYTES` or `deadline_s` on the monotonic clock."""
    output = bytearray()
    poller = select.poll()  # select() is limited to 1024 file descriptors
    poller.register(pipe, select.POLLIN)
    while len(output) < TAIL_BYTES and (left_s := deadline_s - time.monotonic()) > 0 and poller.poll(left_s * 1000):
        if not (chunk := os.read(pipe, CHUNK_BYTES)):
            break
        output += chunk
    return bytes(output)


def spawn_detached(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log_file: Path) -> Identity:
    """Starts a process that outlives this one: own session, no pipes, output appended to `log_file`."""
    try:
        log = files.open_to_append(log_file)
    except OSError as error:
        raise ChildFailed(argv[0], f"its log {log_file} cannot be opened: {error.strerror}") from error
    try:
        with log:
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
    """The pids of this process and of all its ancestors."""
    process = psutil.Process()
    return frozenset({process.pid, *(parent.pid for parent in process.parents())})
