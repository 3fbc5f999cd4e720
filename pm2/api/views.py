"""Views of `/api/pm2`: processes, logs, exits and actions."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from pm2.actions import lifecycle, scaling
from pm2.actions.action_steps import ActionResult
from pm2.api import framework_status, process_detail
from pm2.api.framework_status import FrameworkList
from pm2.api.process_detail import ProcessDetail
from pm2.api.serializers import (
    ExitQuerySerializer,
    LogBodySerializer,
    LogQuerySerializer,
    ScaleSerializer,
    StartSerializer,
    TargetSerializer,
)
from pm2.exits.classify import ExitList
from pm2.instance_tracking import instance_store
from pm2.logs.log_search import LogPage
from pm2.monitor import process_sampler
from pm2.monitor.listing import Stats
from system.lib.wire import to_wire
from system.lib.wire_serializers import response_schema


@extend_schema(tags=["pm2"])
class PM2ViewSet(ViewSet):
    @extend_schema(responses=response_schema(Stats))
    @action(detail=False)
    def stats(self, request: Request) -> Response:
        """All processes. While the daemon is unavailable, the last list, marked `stale`."""
        return Response(to_wire(process_sampler.recent_stats() or async_to_sync(process_sampler.sample)()))

    @extend_schema(responses=response_schema(ProcessDetail))
    @action(detail=False, url_path=r"processes/(?P<pm_id>\d{1,9})")
    def process(self, request: Request, pm_id: str) -> Response:
        """One process: paths, arguments, versions, custom metrics, last exits."""
        return Response(to_wire(async_to_sync(process_detail.get)(int(pm_id))))

    @extend_schema(responses=response_schema(FrameworkList))
    @action(detail=False)
    def frameworks(self, request: Request) -> Response:
        """The frameworks: whether they can be started on this host, and how many instances are online."""
        return Response(to_wire(async_to_sync(framework_status.list_frameworks)()))

    @extend_schema(request=StartSerializer, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"])
    def start(self, request: Request) -> Response:
        """Start a framework; responds once every instance is online and the port is open."""
        body = StartSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        result = async_to_sync(lifecycle.start)(data["framework"], data.get("instances"))
        return Response(to_wire(result))

    @extend_schema(request=TargetSerializer, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"])
    def stop(self, request: Request) -> Response:
        """Stop processes; they remain in PM2's list."""
        return Response(to_wire(async_to_sync(lifecycle.stop)(_parse_selector(request), _actor(request))))

    @extend_schema(request=TargetSerializer, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"])
    def restart(self, request: Request) -> Response:
        """Restart processes; responds once they are online."""
        return Response(to_wire(async_to_sync(lifecycle.restart)(_parse_selector(request), _actor(request))))

    @extend_schema(request=TargetSerializer, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"], url_path="delete")
    def remove(
        self, request: Request
    ) -> Response:  # a method named delete would handle DELETE at every URL of this view
        """Stop processes and remove them from PM2's list."""
        return Response(to_wire(async_to_sync(lifecycle.delete)(_parse_selector(request), _actor(request))))

    @extend_schema(request=TargetSerializer, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"])
    def reload(self, request: Request) -> Response:
        """Replace each instance without downtime; cluster mode only."""
        return Response(to_wire(async_to_sync(scaling.reload)(_parse_selector(request), _actor(request))))

    @extend_schema(request=TargetSerializer, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"], url_path="rolling-restart")
    def rolling_restart(self, request: Request) -> Response:
        """Restart instances one by one; stops at the first that does not come up."""
        return Response(to_wire(async_to_sync(scaling.rolling_restart)(_parse_selector(request), _actor(request))))

    @extend_schema(request=ScaleSerializer, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"])
    def scale(self, request: Request) -> Response:
        """Change the number of instances; the newest are removed first, and finish their pending requests."""
        body = ScaleSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        count = body.validated_data["instances"]
        return Response(to_wire(async_to_sync(scaling.scale)(body.selector, count, _actor(request))))

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
        exits = instance_store.load_exits(data["limit"], data["framework"], since=data.get("since"))
        return Response(to_wire(ExitList(tuple(exits), timezone.now())))

    @extend_schema(request=None, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"], url_path="stopAll")
    def stop_all(self, request: Request) -> Response:
        """Stop all processes under PM2 except this server."""
        return Response(to_wire(async_to_sync(lifecycle.stop)(None, _actor(request))))

    @extend_schema(request=None, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"], url_path="restartAll")
    def restart_all(self, request: Request) -> Response:
        """Restart all processes under PM2 except this server."""
        return Response(to_wire(async_to_sync(lifecycle.restart)(None, _actor(request))))

    @extend_schema(request=None, responses=response_schema(ActionResult))
    @action(detail=False, methods=["post"], url_path="deleteAll")
    def delete_all(self, request: Request) -> Response:
        """Delete all processes under PM2 except this server."""
        return Response(to_wire(async_to_sync(lifecycle.delete)(None, _actor(request))))


def _actor(request: Request) -> str:
    credential = getattr(request._request, "credential", None)
    return str(getattr(credential, "actor", ""))


def _log_page_response(query: LogQuerySerializer) -> Response:
    query.is_valid(raise_exception=True)
    return Response(to_wire(async_to_sync(process_sampler.search_logs)(query.query)))


def _parse_selector(request: Request) -> lifecycle.ProcessSelector:
    body = TargetSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    return body.selector
