"""Monitors PM2's daemon: events from its bus, its process list for the facts, the last list while it is unavailable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog

from pm2.daemon import bus_client, daemon_process, rpc_client
from pm2.daemon.bus_events import DaemonKilled, DaemonLine, Event, LogChunk, ProcessEvent
from pm2.daemon.process import Key, Process
from pm2.errors import DaemonNotRunning, PM2Error
from pm2.exits import pm2_events
from pm2.exits.classify import Exit
from pm2.exits.exit_recorder import ExitRecorder, InstanceContext
from pm2.exits.oom_kills import OomKills
from pm2.exits.pm2_events import PM2Event
from pm2.exits.recent_usage import UsageHistory
from pm2.instance_tracking import reconciliation
from pm2.instance_tracking.instance_registry import InstanceRegistry, InstanceStore
from pm2.instance_tracking.instance_store import SavedInstance
from pm2.logs import live_logs
from pm2.logs.log_files import LogFiles
from pm2.monitor import daemon_state, list_freshness, listeners, listing, supervision
from pm2.monitor.daemon_state import DaemonState
from pm2.monitor.listing import Counts, DaemonStatus, Orphan, Stats, count_online
from pm2.saved_list.dump_watch import DumpWatch
from system.host import child_processes

log = structlog.get_logger("pm2.monitor.daemon_monitor")

FRESH_S = 0.2  # requests within this time share a list
MAX_POLL_SHARE = 1 / 50  # of the time may be spent on requests for the list
RESPONSE_TIMEOUT_S = 1.5  # after this time without a reply the daemon counts as unresponsive
IDLE_POLL_S, UNPOLLED_S = 5.0, 4.5  # interval of polls without events; a younger list shows that somebody else polls
EVENT_DEBOUNCE_S = 0.1  # events come in bursts
RETRY_S = FLUSH_INTERVAL_S = 0.25


class DaemonMonitor:
    """Monitors the daemon of one PM2_HOME. Without a `store` nothing is stored."""

    def __init__(
        self, home: Path, store: InstanceStore | None = None, saved: Mapping[Key, SavedInstance] | None = None
    ) -> None:
        self.home = home
        self.logs, self.usage_history = live_logs.LogCollector(), UsageHistory()
        self._oom_kills = OomKills()
        self.instances = InstanceRegistry(store, saved or {})
        self.recorder = ExitRecorder(self.logs, self.usage_history, self._oom_kills, self._instance_context)
        self.files: dict[Key, LogFiles] = {}
        self.orphans: dict[child_processes.Identity, Orphan] = {}
        self._state, self._dump = DaemonState(home), DumpWatch(home)
        self._listed: tuple[Process, ...] = ()
        self._listeners: listeners.ByPid = {}
        self._list_requested_s: float | None = None  # when the last list was requested
        self._listed_s, self._list_duration_s = -IDLE_POLL_S, 0.0
        self._cron_pm_ids: set[int] = set()
        self._list_request: asyncio.Task[tuple[str, list[dict[str, object]]]] | None = None
        self._requested_s = self._changed_s = list_freshness.NEVER_S  # `_changed_s`: of the last event that we know of
        self.is_listening = self._is_unresponsive = self._was_up = False
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        for loop in (self._follow_bus, self._follow_list, self._follow_exits):
            self._start_task(supervision.keep_running(loop, f"pm2 watch {loop.__name__}"))

    def _start_task(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work, name="pm2 watch")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        tasks = [*self._tasks, *([self._list_request] if self._list_request else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.recorder.end_waiting()
        await self._flush_exits()

    # Queries.

    @property
    def daemon(self) -> DaemonStatus:
        return self._state.status

    async def stats(self, max_age_s: float | None = None) -> Stats:
        """The processes, from a list of at most this age; by default the age that limits requests to the daemon to
        `MAX_POLL_SHARE` of the time."""
        max_age_s = max(FRESH_S, self._list_duration_s / MAX_POLL_SHARE) if max_age_s is None else max_age_s
        if not self._is_unresponsive or (self._list_request and self._list_request.done()):
            for _ in range(2):  # the pending request may have started before our last action
                if self._is_fresh(max_age_s) or not await self._poll_list():
                    break
        now, instances = datetime.now(UTC), self.instances.current()  # a newer list may come while this one is measured
        if self.daemon.state == "up" and self._list_requested_s is not None:
            measured, age_s, is_stale = await listing.measure(self._listed), 0.0, False
            self._listeners = {process.pid: process.listeners for process in measured}
            self.usage_history.record(measured)
            self._oom_kills.sample([(one.pm_id, one.pid) for one in measured if one.pid], time.monotonic())
        else:
            measured, is_stale = listeners.with_listeners(self._listed, self._listeners), True
            age_s = 0.0 if self._list_requested_s is None else round(time.monotonic() - self._list_requested_s, 1)
        processes = reconciliation.with_total_restarts(instances, measured)
        counts = Counts(0, 0) if self._list_requested_s is None else count_online(processes)
        orphans, dump = self._living_orphans(), await self._dump.compare(processes)
        return Stats(processes, counts, self.daemon, now, stale=is_stale, age_seconds=age_s, orphans=orphans, dump=dump)

    @property
    def listed(self) -> tuple[Process, ...]:
        """The processes of the last list, however old it is."""
        return self._listed

    async def is_responding(self) -> bool:
        """False if the daemon is running but does not reply: at once if it is stopped, soon if it is known to hang,
        else after the time that a list may take."""
        daemon = daemon_process.living_daemon(self.home)
        if daemon and daemon_process.is_stopped(daemon.pid):
            return False
        if self._is_unresponsive and (request := self._list_request):
            done, _ = await asyncio.wait({request}, timeout=RETRY_S)  # it may have resumed a moment ago
            if not done:
                return False
        await self._poll_list()
        return not self._is_unresponsive

    def _is_fresh(self, max_age_s: float) -> bool:
        is_young = time.monotonic() - self._listed_s <= max_age_s
        requested_s = self._list_requested_s or list_freshness.NEVER_S  # not `_requested_s`, which may be pending
        is_later = requested_s >= max(self._changed_s, list_freshness.list_invalidated_s())
        return self.daemon.state == "up" and is_young and is_later

    def _living_orphans(self) -> tuple[Orphan, ...]:
        listed_pids = {process.pid for process in self._listed} if self.daemon.state == "up" else set()
        self.orphans = {
            identity: orphan
            for identity, orphan in self.orphans.items()
            if orphan.pid not in listed_pids and child_processes.is_alive(identity)
        }
        return tuple(self.orphans.values())

    # The process list.

    async def _poll_list(self) -> bool:
        """Requests the list, or waits for the pending request. There is never a second request: a daemon that hangs
        would process all of them when it resumes."""
        if self._list_request is None:
            self._requested_s = time.monotonic()
            self._list_request = asyncio.create_task(self._fetch_list(), name="pm2 list")
        request, started_s = self._list_request, time.monotonic()
        done, _ = await asyncio.wait({request}, timeout=max(RESPONSE_TIMEOUT_S, 10 * self._list_duration_s))
        self._is_unresponsive = not done
        if not done:
            self._state.set_unresponsive()
            return False
        if self._list_request is request:
            self._list_request = None
            self._handle_reply(request, started_s)
        return self.daemon.state == "up"

    async def _fetch_list(self) -> tuple[str, list[dict[str, object]]]:
        async with rpc_client.connect() as daemon:
            version = await daemon.version(timeout_s=rpc_client.UNBOUNDED_S)
            return version, await listing.fetch_entries(daemon, timeout_s=rpc_client.UNBOUNDED_S)

    def _handle_reply(self, request: asyncio.Task[tuple[str, list[dict[str, object]]]], started_s: float) -> None:
        try:
            version, entries = request.result()
        except asyncio.CancelledError:
            self._handle_unreachable(daemon_process.not_running(self.home))
        except PM2Error as error:
            self._handle_unreachable(error)
        else:
            if daemon_state.is_supported(version):
                self._update_list(version, entries)
                self._list_duration_s = time.monotonic() - started_s
            else:
                self._state.set_incompatible(version)

    def _update_list(self, version: str, entries: list[dict[str, object]]) -> None:
        self._listed = listing.parse_entries(entries)
        self._list_requested_s, self._listed_s = self._requested_s, time.monotonic()
        self._cron_pm_ids, self.files = listing.cron_pm_ids(entries), listing.log_files_by_process(entries)
        self.logs.formats = {key: files.format for key, files in self.files.items()}
        is_same_daemon = not self._state.is_another_daemon()
        if not is_same_daemon:
            self._handle_daemon_loss()
        self._was_up = True
        self._state.set_up(version)
        for change in self.instances.update(self._listed, is_same_daemon=is_same_daemon):
            process = change.process
            event = PM2Event(datetime.now(UTC), change.kind, process.name, process.pm_id, change.text)
            pm2_events.feed.append([event])
        self.logs.prune_rates({process.name for process in self._listed})

    def _instance_context(self, name: str, pm_id: int) -> InstanceContext:
        instance = self.instances.known.get((name, pm_id))
        pid = instance.process.pid if instance else 0
        age_s = None
        if instance and instance.process.uptime_seconds and self._list_requested_s is not None:
            age_s = instance.process.uptime_seconds + time.monotonic() - self._list_requested_s
        return InstanceContext(self.instances.token(name, pm_id), pid, pm_id in self._cron_pm_ids, age_s)

    # The daemon.

    def _handle_unreachable(self, error: PM2Error) -> None:
        if isinstance(error, DaemonNotRunning):
            self.instances.note_absence()
            if self._was_up:
                self._was_up = False
                self._handle_daemon_loss()
        self._state.set_failed(error)

    def _handle_daemon_loss(self) -> None:
        """The daemon is gone. Unless it announced its exit, it has died; its processes may still be running."""
        if not self._state.has_announced_exit():
            self._start_task(self._record_daemon_death(reconciliation.running_processes(self.instances.known)))

    async def _record_daemon_death(self, processes: list[Process]) -> None:
        await asyncio.sleep(2 * EVENT_DEBOUNCE_S)  # cluster workers exit shortly after the daemon
        identities = await asyncio.to_thread(
            lambda: [(process, child_processes.identify(process.pid)) for process in processes]
        )
        dead = [process for process, identity in identities if identity is None]
        for process, identity in identities:
            if identity:
                self.orphans[identity] = Orphan(process.pid, process.name, process.pm_id)
        for ended in self.recorder.record_daemon_death(dead):
            self._publish_exit(ended)

    # The loops.

    async def _follow_bus(self) -> None:
        while True:
            try:
                connection = await bus_client.subscribe(self.home, self._handle_event, live_logs.feed.count_dropped)
            except PM2Error:
                await asyncio.sleep(RETRY_S)
                continue
            self._changed_s, self.is_listening = time.monotonic(), True  # events before were missed
            self._wake.set()
            try:
                await connection.closed
            finally:
                self.is_listening = False
                connection.close()
                self.recorder.on_disconnected()
            self._wake.set()

    def _handle_event(self, event: Event) -> None:
        if isinstance(event, LogChunk):
            self.logs.add_chunk(event)
        elif isinstance(event, DaemonLine):
            self.recorder.on_daemon_line(event)
        elif isinstance(event, ProcessEvent):
            self.recorder.on_process_event(event)
            self._changed_s = time.monotonic()
            self._wake.set()
        elif isinstance(event, DaemonKilled):
            self._state.on_kill()

    async def _follow_list(self) -> None:
        while True:
            is_due = self._wake.is_set()
            self._wake.clear()
            try:
                if self._list_request and self._is_unresponsive:
                    await asyncio.wait({self._list_request}, timeout=IDLE_POLL_S)
                    await self._poll_list()
                elif is_due or not self._is_fresh(UNPOLLED_S):
                    await self.stats()
            except Exception:
                log.exception("PM2's list could not be followed")
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_POLL_S if self.daemon.state == "up" else 4 * RETRY_S):
                    await self._wake.wait()
                    await asyncio.sleep(EVENT_DEBOUNCE_S)

    async def _follow_exits(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_INTERVAL_S)
            self.logs.flush()
            await self._flush_exits()

    async def _flush_exits(self) -> None:
        for ended in self.recorder.take_completed():
            self._publish_exit(ended)
        await self.instances.flush_writes()

    def _publish_exit(self, ended: Exit) -> None:
        text = f"{ended.name} {ended.pm_id} {ended.text}"
        pm2_events.feed.append([PM2Event(ended.at, "exit", ended.name, ended.pm_id, text, ended)])
        log.info("exit", name=ended.name, pm_id=ended.pm_id, cause=ended.cause.value, text=ended.text)
        self.instances.enqueue_exit(ended)
