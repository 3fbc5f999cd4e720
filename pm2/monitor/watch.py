"""What we know of PM2's daemon at any moment: its bus for speed, its list for truth, the last list while it is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path

import structlog

from pm2.daemon import bus, client
from pm2.daemon.bus_events import DaemonKilled, DaemonLine, Event, LogChunk, ProcessEvent
from pm2.daemon.process import Key, Process
from pm2.errors import DaemonNotRunning, PM2Error, ProtocolError
from pm2.exits import events, expected
from pm2.exits.classify import Exit
from pm2.exits.events import Happening
from pm2.exits.recent_usage import Curves
from pm2.exits.recorder import Background, Recorder
from pm2.instances import reconcile
from pm2.instances.instance_registry import Memory, Register
from pm2.instances.instance_store import Past
from pm2.instances.reconcile import Change
from pm2.logs import live_logs
from pm2.logs.log_files import LogFiles
from pm2.monitor import listing
from pm2.monitor.listing import Counts, Daemon, Orphan, Stats, count
from system.host import child_processes

log = structlog.get_logger("pm2.monitor.watch")

FRESH_S = 0.2  # pollers that come closer together than this share a list
SHARE = 50  # the list is asked for so seldom that this takes at most a fiftieth of the time
ANSWER_S = 1.5  # a daemon that says nothing for so long is treated as away
IDLE_S = 5.0  # how often is looked when nobody watches
SETTLE_S = 0.1  # events come in bursts
RETRY_S = 0.25
UPDATING_S = 8.0  # how long `pm2 update` may take before the daemon counts as down
FLUSH_S = 0.25


class Watch:
    """Follows the daemon of one PM2_HOME; without a `memory` nothing is kept."""

    def __init__(self, home: Path, memory: Memory | None = None, past: Mapping[Key, Past] | None = None) -> None:
        self.home = home
        self.logs, self.curves = live_logs.LogTaker(), Curves()
        self.register = Register(memory, past or {})
        self.recorder = Recorder(self.logs, self.curves, self._background)
        self.files: dict[Key, LogFiles] = {}
        self.orphans: dict[child_processes.Identity, Orphan] = {}
        self.daemon = Daemon("down", None, None, str(home), "PM2's daemon has not been looked for yet.")
        self._listed: tuple[Process, ...] = ()
        self._listed_at: datetime | None = None
        self._listed_s, self._cost_s = -IDLE_S, 0.0
        self._cron: set[int] = set()
        self._asking: asyncio.Task[tuple[str, list[dict[str, object]]]] | None = None
        self._asked_at = datetime.min.replace(tzinfo=UTC)
        self.is_listening = self._hangs = self._was_up = False
        self._killed_s = -UPDATING_S
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        for run in (self._follow_bus(), self._follow_list(), self._follow_exits()):
            self._spawn(run)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work, name="pm2 watch")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        tasks = [*self._tasks, *([self._asking] if self._asking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._keep_exits()

    # What is asked of us.

    async def stats(self, max_age_s: float | None = None) -> Stats:
        """The processes, from a list that is at most so old; by default as old as it may be without our asking
        the daemon more than a `SHARE`th of the time."""
        max_age_s = max(FRESH_S, SHARE * self._cost_s) if max_age_s is None else max_age_s
        if not self._hangs or (self._asking and self._asking.done()):
            for _ in range(2):  # the call under way may have begun before our last change
                if self._is_fresh(max_age_s) or not await self._ask():
                    break
        now = datetime.now(UTC)
        if self.daemon.state == "up" and self._listed_at:
            processes = await listing.measured(self._listed)
            self.curves.note(processes)
            shown = reconcile.counted(self.register.known, processes)
            return Stats(shown, count(shown), self.daemon, now, stale=False, age_seconds=0.0, orphans=self._orphans())
        age_s = round((now - self._listed_at).total_seconds(), 1) if self._listed_at else 0.0
        shown = reconcile.counted(self.register.known, self._listed)
        counts = count(shown) if self._listed_at else Counts(0, 0)
        return Stats(shown, counts, self.daemon, now, stale=True, age_seconds=age_s, orphans=self._orphans())

    def is_answering(self) -> bool:
        """False while the daemon is there and says nothing."""
        return not self._hangs

    def _is_fresh(self, max_age_s: float) -> bool:
        is_young = time.monotonic() - self._listed_s <= max_age_s
        return self.daemon.state == "up" and is_young and self._asked_at >= expected.changed_at()

    def _orphans(self) -> tuple[Orphan, ...]:
        listed = {each.pid for each in self._listed} if self.daemon.state == "up" else set()
        self.orphans = {
            identity: orphan
            for identity, orphan in self.orphans.items()
            if orphan.pid not in listed and child_processes.is_alive(identity)
        }
        return tuple(self.orphans.values())

    # The list.

    async def _ask(self) -> bool:
        """Ask the daemon for its list, or wait for the answer under way. Never two questions at once: a daemon that
        hangs would find them all when it wakes."""
        if self._asking is None:
            self._asked_at = datetime.now(UTC)
            self._asking = asyncio.create_task(self._question(), name="pm2 list")
        asking, begun = self._asking, time.monotonic()
        done, _ = await asyncio.wait({asking}, timeout=max(ANSWER_S, 10 * self._cost_s))
        self._hangs = not done
        if not done:
            self._become("down", f"PM2's daemon (pid {listing.daemon_pid()}) does not answer.")
            return False
        if self._asking is asking:
            self._asking = None
            self._answered(asking, begun)
        return self.daemon.state == "up"

    async def _question(self) -> tuple[str, list[dict[str, object]]]:
        async with client.daemon() as link:
            version = await link.daemon_version(timeout_s=client.FOREVER_S)
            return version, await listing.entries(link, timeout_s=client.FOREVER_S)

    def _answered(self, asking: asyncio.Task[tuple[str, list[dict[str, object]]]], begun_s: float) -> None:
        try:
            version, entries = asking.result()
        except (DaemonNotRunning, asyncio.CancelledError):
            self._gone()
        except PM2Error as error:
            state = "incompatible" if isinstance(error, ProtocolError) else "down"
            self._become(state, str(error))
        else:
            if not version.split(".")[0].isdigit() or int(version.split(".")[0]) < listing.OLDEST_KNOWN:
                said = f"PM2 {version} is older than {listing.OLDEST_KNOWN}, the oldest that is known here."
                self._become("incompatible", said, version)
                return
            self._learn(version, entries)
            self._cost_s = time.monotonic() - begun_s

    def _learn(self, version: str, entries: list[dict[str, object]]) -> None:
        self._listed = listing.shown(entries)
        self._listed_at, self._listed_s = self._asked_at, time.monotonic()
        self._cron, self.files = listing.with_cron(entries), listing.log_files(entries)
        if self.daemon.state == "up" and self.daemon.pid != listing.daemon_pid():
            self._lost()
        self._was_up = True
        self._become("up", None, version)
        for change in self.register.learn(self._listed):
            self._tell(change)
        self.logs.forget({each.name for each in self._listed})

    def _tell(self, change: Change) -> None:
        each = change.process
        said = {
            "appeared": f"{each.name} {each.pm_id} appeared, {each.status}",
            "deleted": f"{each.name} {each.pm_id} left PM2's list",
            "restarted": f"{each.name} {each.pm_id} restarted, pid {each.pid}",
            "status": f"{each.name} {each.pm_id} is {each.status}",
        }[change.kind]
        events.feed.append([Happening(datetime.now(UTC), change.kind, each.name, each.pm_id, said)])

    def _background(self, name: str, pm_id: int) -> Background:
        seen = self.register.known.get((name, pm_id))
        pid = seen.process.pid if seen else 0
        return Background(self.register.token(name, pm_id), pid, pm_id in self._cron)

    # The daemon's fate.

    def _become(self, state: str, message: str | None, version: str | None = None) -> None:
        before = self.daemon
        pid = listing.daemon_pid() if state == "up" else None
        self.daemon = Daemon(state, version, pid, str(self.home), message)
        if (before.state, before.pid) == (state, pid):
            return
        said = message or f"PM2 {version} is up, pid {pid}"
        log.info("daemon", state=state, home=str(self.home), message=said)
        events.feed.append([Happening(datetime.now(UTC), "daemon", None, None, said)])

    def _gone(self) -> None:
        """Nothing answers: an update under way, or the end."""
        if self._was_up:
            self._was_up = False
            self._lost()
        if time.monotonic() - self._killed_s < UPDATING_S:
            self._become("updating", "PM2's daemon was told to end; `pm2 update` brings it back in a moment.")
        else:
            self._become("down", str(DaemonNotRunning(str(self.home))))

    def _lost(self) -> None:
        """The daemon is not there any more. Without a word before, it has died; those it ran may live on."""
        if time.monotonic() - self._killed_s >= UPDATING_S:
            self._spawn(self._look_after_a_death(reconcile.running(self.register.known)))

    async def _look_after_a_death(self, ran: list[Process]) -> None:
        await asyncio.sleep(2 * SETTLE_S)  # workers of a cluster end a moment after the daemon
        identities = await asyncio.to_thread(lambda: [(each, child_processes.identify(each.pid)) for each in ran])
        dead = [each for each, identity in identities if identity is None]
        for each, identity in identities:
            if identity:
                self.orphans[identity] = Orphan(each.pid, each.name, each.pm_id)
        for ended in self.recorder.daemon_died(dead):
            self._keep(ended)

    # The loops.

    async def _follow_bus(self) -> None:
        while True:
            try:
                connection = await bus.connect(self.home, self._deliver, live_logs.feed.lose)
            except PM2Error:
                await asyncio.sleep(RETRY_S)
                continue
            self._wake.set()
            self.is_listening = True
            try:
                await connection.closed
            finally:
                self.is_listening = False
                connection.close()
            self._wake.set()

    def _deliver(self, event: Event) -> None:
        if isinstance(event, LogChunk):
            self.logs.take(event)
        elif isinstance(event, DaemonLine):
            self.recorder.daemon_said(event)
        elif isinstance(event, ProcessEvent):
            self.recorder.happened(event)
            self._listed_s = -IDLE_S
            self._wake.set()
        elif isinstance(event, DaemonKilled):
            self._killed_s = time.monotonic()

    async def _follow_list(self) -> None:
        while True:
            try:
                if self._asking and self._hangs:
                    await asyncio.wait({self._asking}, timeout=IDLE_S)
                    await self._ask()
                else:
                    await self.stats()
            except Exception:
                log.exception("PM2's list could not be followed")
            self._wake.clear()
            try:
                async with asyncio.timeout(IDLE_S if self.daemon.state == "up" else 4 * RETRY_S):
                    await self._wake.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(SETTLE_S)

    async def _follow_exits(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            self.logs.flush()
            await self._keep_exits()

    async def _keep_exits(self) -> None:
        for ended in self.recorder.settled():
            self._keep(ended)
        await self.register.write()

    def _keep(self, ended: Exit) -> None:
        said = f"{ended.name} {ended.pm_id} {ended.text}"
        events.feed.append([Happening(ended.at, "exit", ended.name, ended.pm_id, said, ended)])
        log.info("exit", name=ended.name, pm_id=ended.pm_id, cause=ended.cause.value, text=ended.text)
        self.register.keep(ended)
