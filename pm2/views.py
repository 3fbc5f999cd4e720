"""`/api/pm2`: what runs under PM2, and the verbs."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from pm2 import catalogue, listing, processes
from pm2.serializers import (
    ActionResultSerializer,
    FrameworksSerializer,
    ProcessPageSerializer,
    StartSerializer,
    StatsSerializer,
    TargetSerializer,
)
from system.wire import to_wire


@extend_schema(tags=["pm2"])
class PM2ViewSet(ViewSet):
    @extend_schema(responses=StatsSerializer)
    @action(detail=False)
    def stats(self, request: Request) -> Response:
        """All processes. With the daemon away: the last list, `stale`."""
        return Response(to_wire(listing.recent() or async_to_sync(listing.sample)()))

    @extend_schema(responses=ProcessPageSerializer)
    @action(detail=False, url_path=r"processes/(?P<pm_id>\d{1,9})")
    def process(self, request: Request, pm_id: str) -> Response:
        """One process: paths, arguments, versions, its own metrics."""
        page = async_to_sync(listing.one)(int(pm_id))
        return Response(to_wire(catalogue.flat(page)))

    @extend_schema(responses=FrameworksSerializer)
    @action(detail=False)
    def frameworks(self, request: Request) -> Response:
        """What can be started here, and how many instances of it are online."""
        return Response(to_wire(async_to_sync(catalogue.frameworks)()))

    @extend_schema(request=StartSerializer, responses=ActionResultSerializer)
    @action(detail=False, methods=["post"])
    def start(self, request: Request) -> Response:
        """Start a framework; answers when every instance is online and its port answers."""
        body = StartSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        result = async_to_sync(processes.start)(given["framework"], given.get("instances"))
        return Response(to_wire(result))

    @extend_schema(request=TargetSerializer, responses=ActionResultSerializer)
    @action(detail=False, methods=["post"])
    def stop(self, request: Request) -> Response:
        """Stop processes; they stay listed."""
        return Response(to_wire(async_to_sync(processes.stop)(_target(request))))

    @extend_schema(request=TargetSerializer, responses=ActionResultSerializer)
    @action(detail=False, methods=["post"])
    def restart(self, request: Request) -> Response:
        """Stop and start again; answers when they are online."""
        return Response(to_wire(async_to_sync(processes.restart)(_target(request))))

    @extend_schema(request=TargetSerializer, responses=ActionResultSerializer)
    @action(detail=False, methods=["post"])
    def delete(self, request: Request) -> Response:
        """Stop processes and take them off PM2's list."""
        return Response(to_wire(async_to_sync(processes.delete)(_target(request))))

    @extend_schema(request=None, responses=ActionResultSerializer)
    @action(detail=False, methods=["post"], url_path="stopAll")
    def stop_all(self, request: Request) -> Response:
        """Stop everything under PM2 but this server."""
        return Response(to_wire(async_to_sync(processes.stop_all)()))

    @extend_schema(request=None, responses=ActionResultSerializer)
    @action(detail=False, methods=["post"], url_path="restartAll")
    def restart_all(self, request: Request) -> Response:
        """Restart everything under PM2 but this server."""
        return Response(to_wire(async_to_sync(processes.restart_all)()))

    @extend_schema(request=None, responses=ActionResultSerializer)
    @action(detail=False, methods=["post"], url_path="deleteAll")
    def delete_all(self, request: Request) -> Response:
        """Delete everything under PM2 but this server."""
        return Response(to_wire(async_to_sync(processes.delete_all)()))


def _target(request: Request) -> processes.Target:
    body = TargetSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    return body.target
