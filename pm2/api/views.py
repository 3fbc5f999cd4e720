"""Views of `/api/pm2`: processes, logs, exits and actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from pm2.actions.result import ActionResult
from pm2.actions.verbs import VERBS, ActionRequest, Verb
from pm2.api import framework_status, process_detail
from pm2.api.framework_status import FrameworkList
from pm2.api.process_detail import ProcessDetail
from pm2.api.serializers import (
    AllSerializer,
    ExitQuerySerializer,
    LogBodySerializer,
    LogQuerySerializer,
    SaveSerializer,
    ScaleSerializer,
    SignalSerializer,
    StartSerializer,
    StatsQuerySerializer,
    TargetSerializer,
)
from pm2.ecosystem import saved_list_actions, start_from_file
from pm2.ecosystem.start_from_file import StartResult, as_start_result
from pm2.errors import ExitNotFound
from pm2.exits.classify import Exit, ExitList
from pm2.instance_tracking import instance_store
from pm2.logs.log_search import LogPage
from pm2.monitor import current_monitor, listing
from pm2.monitor.listing import Stats
from system.lib import audit_hook
from system.lib.wire import to_wire
from system.lib.wire_serializers import response_schema


def _actor(request: Request) -> str:
    credential = getattr(request._request, "credential", None)
    return str(getattr(credential, "actor", ""))


def _body_of(verb: Verb) -> type[TargetSerializer]:
    return ScaleSerializer if verb.instances else SignalSerializer if verb.takes_signal else TargetSerializer


def _verb_view(name: str) -> Callable[..., Response]:
    """The view that performs a verb on the processes that the body selects."""
    verb = VERBS[name]
    serializer = _body_of(verb)

    def view(self: ViewSet, request: Request) -> Response:
        body = serializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        audit_hook.name_subject(request._request, body.selector.subject)
        return _perform(
            verb, ActionRequest(body.selector, data.get("instances"), _actor(request), data.get("signal", ""))
        )

    return _as_action(view, f"{name.replace('-', '_')}_processes", verb.help, verb.name, serializer)


def _view_for_all(name: str) -> Callable[..., Response]:
    """The view that performs a verb on all processes."""
    verb = VERBS[name]

    def view(self: ViewSet, request: Request) -> Response:
        body = AllSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return _perform(verb, ActionRequest(body.selector, by=_actor(request)))

    what = {"flush": "Empty the log files of", "reset": "Set the counters of restarts to 0 of"}
    verb_text = what.get(name, name.capitalize())
    text = f"{verb_text} all processes under PM2 except this server and, unless asked for, PM2's modules."
    return _as_action(view, f"{name}_all", text, verb.path_for_all, AllSerializer)


async def _start(body: StartSerializer, by: str) -> StartResult:
    request = body.file_request
    if request is None:
        action_request = ActionRequest(body.selector, body.validated_data.get("instances"), by)
        return as_start_result(await VERBS["start"].perform(action_request))
    planned = await start_from_file.plan(request)
    if body.validated_data.get("preview"):
        return start_from_file.preview(planned)
    return await start_from_file.carry_out_plan(planned, by)


def _perform(verb: Verb, request: ActionRequest) -> Response:
    return Response(to_wire(async_to_sync(verb.perform)(request)))


def _as_action(
    view: Callable[..., Response], name: str, text: str, path: str, body: type[serializers.Serializer[Any]] | None
) -> Callable[..., Response]:
    """REST framework finds the view by its name, which must be that of the class attribute."""
    view.__name__, view.__doc__ = name, text
    documented = extend_schema(request=body, responses=response_schema(ActionResult))
    return documented(action(detail=False, methods=["post"], url_path=path)(view))


@extend_schema(tags=["pm2"])
class PM2ViewSet(ViewSet):
    @extend_schema(parameters=[StatsQuerySerializer], responses=response_schema(Stats))
    @action(detail=False)
    def stats(self, request: Request) -> Response:
        """All processes. While the daemon is unavailable, the last list, marked `stale`."""
        query = StatsQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        word = query.validated_data.get("process")
        stats = current_monitor.recent_stats() or async_to_sync(current_monitor.sample)()
        return Response(to_wire(listing.only_matching(stats, word) if word else stats))

    @extend_schema(responses=response_schema(ProcessDetail))
    @action(detail=False, url_path=r"processes/(?P<pm_id>[0-9]{1,9})")
    def process(self, request: Request, pm_id: str) -> Response:
        """One process: paths, arguments, versions, custom metrics, last exits."""
        return Response(to_wire(async_to_sync(process_detail.get)(int(pm_id))))

    @extend_schema(responses=response_schema(FrameworkList))
    @action(detail=False)
    def frameworks(self, request: Request) -> Response:
        """The frameworks: whether they can be started on this host, and how many instances are online."""
        return Response(to_wire(async_to_sync(framework_status.list_frameworks)()))

    @extend_schema(request=StartSerializer, responses=response_schema(StartResult), description=VERBS["start"].help)
    @action(detail=False, methods=["post"], url_path="start")
    def start_processes(self, request: Request) -> Response:
        body = StartSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        audit_hook.name_subject(request._request, body.subject)
        if body.validated_data.get("preview"):
            audit_hook.mark_preview(request._request)
        return Response(to_wire(async_to_sync(_start)(body, _actor(request))))

    @extend_schema(request=SaveSerializer, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"])
    def save(self, request: Request) -> Response:
        """Write PM2's list to its dump file, from which a reboot starts it; refuses an empty list unless forced."""
        body = SaveSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        is_forced = body.validated_data.get("force", False)
        return Response(to_wire(async_to_sync(saved_list_actions.save)(is_forced=is_forced)))

    @extend_schema(request=None, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"])
    def resurrect(self, request: Request) -> Response:
        """Start what the dump file has and PM2's list does not."""
        return Response(to_wire(async_to_sync(saved_list_actions.resurrect)()))

    stop_processes = _verb_view("stop")
    restart_processes = _verb_view("restart")
    delete_processes = _verb_view("delete")
    reload_processes = _verb_view("reload")
    rolling_restart_processes = _verb_view("rolling-restart")
    scale_processes = _verb_view("scale")
    flush_processes = _verb_view("flush")
    reset_processes = _verb_view("reset")
    signal_processes = _verb_view("signal")
    stop_all = _view_for_all("stop")
    restart_all = _view_for_all("restart")
    delete_all = _view_for_all("delete")
    reload_all = _view_for_all("reload")
    flush_all = _view_for_all("flush")
    reset_all = _view_for_all("reset")

    @extend_schema(parameters=[LogQuerySerializer], responses=response_schema(LogPage))
    @action(detail=False)
    def logs(self, request: Request) -> Response:
        """The newest lines of all processes and streams, ordered by time."""
        return _log_page_response(LogQuerySerializer(data=request.query_params))

    @extend_schema(request=LogBodySerializer, responses=response_schema(LogPage))
    @logs.mapping.post
    def post_logs(self, request: Request) -> Response:
        """As GET, with the query in the body."""
        return _log_page_response(LogBodySerializer(data=request.data))

    @extend_schema(parameters=[ExitQuerySerializer], responses=response_schema(ExitList))
    @action(detail=False)
    def exits(self, request: Request) -> Response:
        """Exits of processes and their causes, newest first."""
        query = ExitQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        data = query.validated_data
        exits = instance_store.load_exits(data["limit"], data.get("framework", ""), since=data.get("since"))
        return Response(to_wire(ExitList(tuple(exits), timezone.now())))

    @extend_schema(operation_id="pm2_exit_retrieve", responses=response_schema(Exit))
    @action(detail=False, url_path=r"exits/(?P<exit_id>[0-9]{1,18})")
    def exit(self, request: Request, exit_id: str) -> Response:
        """One exit, by its `id`: cause, last output, and the last minute of CPU and memory."""
        ended = instance_store.load_exit(int(exit_id))
        if ended is None:
            raise ExitNotFound(int(exit_id))
        return Response(to_wire(ended))


def _log_page_response(query: LogQuerySerializer) -> Response:
    query.is_valid(raise_exception=True)
    word = query.validated_data.get("process")
    return Response(to_wire(async_to_sync(current_monitor.search_logs)(query.query, word)))
