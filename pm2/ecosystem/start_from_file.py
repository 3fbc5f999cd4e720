"""Starts the apps of an ecosystem file: located, evaluated and planned first, then sent to the daemon."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pm2.actions import action_steps, lifecycle, name_locks, start_steps
from pm2.actions.action_steps import OWN
from pm2.actions.carry_out import Action, Effect, action_timeout_s, carry_out, raise_failure
from pm2.actions.result import ActionResult, Skipped, build_result
from pm2.actions.selection import ALL
from pm2.actions.verdicts import SelectedProcess, Verdict, done, judge_start
from pm2.daemon import rpc_client
from pm2.daemon.process import Process, Status, as_int, as_text, pm2_env
from pm2.daemon.process_settings import parse_settings
from pm2.daemon.rpc_client import DaemonConnection
from pm2.ecosystem import ecosystem_file, evaluation, planned_app
from pm2.ecosystem.evaluation import Evaluation, Payload
from pm2.ecosystem.planned_app import PlannedApp
from pm2.errors import CallFailed, DaemonNotRunning, StartFailed
from pm2.exits import expected_exits
from pm2.file_errors import EcosystemInvalid
from pm2.monitor import listing
from system.host.child_processes import ancestry
from system.lib.quantities import pluralize


@dataclass(frozen=True, slots=True)
class StartResult(ActionResult):
    """The outcome of a start. `apps`: only of an ecosystem file."""

    apps: Annotated[tuple[PlannedApp, ...], "Of an ecosystem file: what it starts, and with whose rights"] = ()


def as_start_result(result: ActionResult, apps: tuple[PlannedApp, ...] = ()) -> StartResult:
    values: dict[str, Any] = {field.name: getattr(result, field.name) for field in fields(result)}
    return StartResult(**{**values, "apps": apps})


MAX_INSTANCES_OF_AN_APP = 1000  # more than any machine has processors; PM2 itself has no limit


@dataclass(frozen=True, slots=True)
class FileRequest:
    """`file`: its path; `only`: names of apps, by default all; `env`: whose `env_NAME` is used. `folders`: below which
    the file must be; None: anywhere, for the server's own shell."""

    file: str
    only: tuple[str, ...] = ()
    env: str | None = None
    folders: tuple[Path, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file is going to start. Nothing has been sent or written yet."""

    file: Path
    evaluation: Evaluation
    apps: tuple[PlannedApp, ...]

    @property
    def names(self) -> str:
        return planned_app.names_of(self.apps)


async def plan(request: FileRequest) -> Plan:
    """Evaluates the file, which is code. Raises the errors of `ecosystem_file.locate` and `evaluation.evaluate`, and
    DaemonHangs."""
    file = await asyncio.to_thread(ecosystem_file.locate, request.file, request.folders)
    await action_steps.ensure_responsive(ALL)
    entries = await _listed_entries()
    evaluated = await evaluation.evaluate(file, entries, request.only, request.env)
    cpus, users = os.cpu_count() or 1, await asyncio.to_thread(_user_names)
    apps = [planned_app.plan_start(payload, cpus, users) for payload in evaluated.starts]
    by_id = {as_int(entry.get("pm_id")): entry for entry in entries}
    restarts: dict[str, list[tuple[Mapping[str, object], Payload]]] = {}
    for pm_id, env in evaluated.restarts:
        restarts.setdefault(as_text(by_id[pm_id].get("name")), []).append((by_id[pm_id], env))
    for group in restarts.values():
        changed = group[0][1].get("current_conf")
        listed = [entry for entry, _ in group]
        apps.append(planned_app.plan_restart(listed, changed if isinstance(changed, dict) else {}, cpus, users))
    if not apps:
        raise EcosystemInvalid(str(file), "it has no apps")
    for app in apps:
        if app.instances > MAX_INSTANCES_OF_AN_APP:
            limit = f"at most {MAX_INSTANCES_OF_AN_APP} are started"
            raise EcosystemInvalid(str(file), f"{app.name} has {app.instances:,} instances; {limit}")
    return Plan(file, evaluated, tuple(apps))


def _user_names() -> dict[int, str]:
    return {user.pw_uid: user.pw_name for user in pwd.getpwall()}


async def _listed_entries() -> list[dict[str, object]]:
    try:
        async with rpc_client.connect() as daemon:
            return await listing.fetch_entries(daemon)
    except DaemonNotRunning:
        return []


def preview(planned: Plan) -> StartResult:
    """What would be started."""
    lines = [str(app) for app in planned.apps]
    result = build_result(f"Would {'; '.join(lines)}", (), warnings=planned.evaluation.warnings)
    return as_start_result(result, planned.apps)


async def carry_out_plan(planned: Plan, by: str = "") -> StartResult:
    """Restarts what is listed, as PM2 does, and starts the rest. Raises StartFailed, ActionFailed, CallTimeout,
    OperationInProgress, and the errors of `start_steps.ensure_daemon`."""
    return await action_steps.run_to_completion(_carry_out_plan(planned, by))


async def _carry_out_plan(planned: Plan, by: str) -> StartResult:
    with name_locks.hold_names({app.name for app in planned.apps}, "start"):
        await start_steps.ensure_daemon()
        await asyncio.to_thread(_make_folders, planned)
        async with rpc_client.connect() as daemon:
            restarted, skipped = await _restart_listed(daemon, planned.evaluation.restarts, by)
            started = await send_prepares(daemon, planned.evaluation.starts)
            await raise_failure(daemon, restarted, later=started.outcomes)
            await raise_failure(daemon, started, restarted.outcomes)
    outcomes = (*restarted.outcomes, *started.outcomes)
    result = build_result(
        f"Started {planned.names}: {pluralize(len(outcomes), 'process')}",
        sorted((*restarted.after, *started.after), key=lambda process: process.pm_id),
        warnings=planned.evaluation.warnings, skipped=skipped, results=outcomes,
    )  # fmt: skip
    return as_start_result(result, planned.apps)


def _make_folders(planned: Plan) -> None:
    """Those of log files, with the mode that PM2 gives them."""
    for folder in planned.evaluation.folders:
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"the folder {folder} of a log file cannot be created: {(error.strerror or str(error)).lower()}"
            raise EcosystemInvalid(str(planned.file), reason) from error


async def _restart_listed(
    daemon: DaemonConnection, restarts: Sequence[tuple[int, Payload]], by: str
) -> tuple[Effect, tuple[Skipped, ...]]:
    """With the variables of the file, of all that are still listed, except this server itself."""
    envs, entries = dict(restarts), await listing.fetch_entries(daemon)
    settings = {as_int(entry.get("pm_id")): parse_settings(entry) for entry in entries}
    listed = [process for process in listing.parse_entries(entries) if process.pm_id in envs]
    own_pids = ancestry() if listed else frozenset()
    selected = [SelectedProcess(one, settings[one.pm_id]) for one in listed if one.pid not in own_pids]
    skipped = tuple(Skipped(one.name, OWN) for one in listed if one.pid in own_pids)

    async def send(daemon: DaemonConnection, one: SelectedProcess, timeout_s: float) -> None:
        call = {"id": one.process.pm_id, "env": envs[one.process.pm_id]}
        await lifecycle.restart_with(call, daemon, one, timeout_s)

    expected_exits.expect_exits([one.process.pm_id for one in selected], "restarted", by)
    effect = await carry_out(daemon, replace(lifecycle.RESTART, send=send, starts=False), selected)
    await action_steps.publish_on_bus(daemon, effect.done_pm_ids, "restart")
    return effect, skipped


async def send_prepares(daemon: DaemonConnection, payloads: Sequence[Payload]) -> Effect:
    """Starts each app; returns once its processes have stayed up for a moment, or ended. Raises StartFailed for an app
    that PM2 refuses to start."""
    pm_ids: list[int] = []
    waiting: set[int] = set()
    for payload in payloads:
        given = await _send_prepare(daemon, payload)
        pm_ids += given
        waiting |= set(given) if _is_left_stopped(payload) else set()
    entries = {as_int(entry.get("pm_id")): entry for entry in await listing.fetch_entries(daemon)}
    known = {process.pm_id: process for process in listing.parse_entries(list(entries.values()))}
    selected = [
        SelectedProcess(_before_start(known[pm_id]), parse_settings(entries[pm_id]))
        for pm_id in pm_ids
        if pm_id in known
    ]
    return await carry_out(daemon, replace(_PREPARED, judge=partial(_judge, waiting)), selected)


async def _send_prepare(daemon: DaemonConnection, payload: Payload) -> list[int]:
    """The pm_ids that PM2 gave."""
    name, own_s = as_text(payload.get("name")), parse_settings({"pm2_env": payload}).startup_s
    count = planned_app.count_instances(payload.get("instances"), os.cpu_count() or 1)
    try:
        reply = await daemon.call("prepare", payload, timeout_s=action_timeout_s(count, own_s * count))
    except CallFailed as error:
        raise StartFailed(name, f"PM2 refused it: {error.reason}", None, []) from error
    listed = [one for one in reply if isinstance(one, dict)] if isinstance(reply, list) else []
    return [as_int(pm2_env(one).get("pm_id")) for one in listed]


def _before_start(process: Process) -> Process:
    """As it would have been listed before."""
    return replace(process, status=Status.STOPPED, pid=0, restarts=0)


def _is_left_stopped(payload: Payload) -> bool:
    """`autostart: false`, and what was saved as stopped: PM2 lists it only."""
    return payload.get("autostart") is False or payload.get("status") == Status.STOPPED.value


def _judge(waiting: set[int], before: SelectedProcess, now: Process | None) -> Verdict | None:
    if now is not None and now.pm_id in waiting and now.status is Status.STOPPED:
        return done("listed, and left stopped")
    return judge_start(before, now)


async def _send_nothing(daemon: DaemonConnection, one: SelectedProcess, timeout_s: float) -> None:
    """PM2 has it already."""


_PREPARED = Action("start", "Started", _send_nothing, judge_start, lambda one: 0.0)
