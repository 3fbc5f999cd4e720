"""`/api/benchmark/targets`: what can be measured; own targets are created, changed and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from benchmarks.api import responses
from benchmarks.targets import registered, store
from benchmarks.targets.errors import ReadOnlyTarget
from benchmarks.targets.registered import fetch_apps, recent_apps
from benchmarks.targets.target import Target, TargetSource
from benchmarks.targets.target_serializer import ReplacedTargetSerializer, TargetSerializer
from system.lib import audit_hook
from system.lib.wire import to_wire
from system.lib.wire_serializers import response_schema

TARGET_PATH = r"targets/(?P<name>[^/]+)"
STORED = (TargetSource.PM2, TargetSource.URL)


@extend_schema(tags=["benchmark"])
class TargetViewSet(ViewSet):
    @extend_schema(operation_id="benchmark_targets_list", responses=response_schema(responses.Targets))
    @action(detail=False)
    def targets(self, request: Request) -> Response:
        """Frameworks, own targets, and what listens under PM2."""
        rows = registered.list_targets(recent_apps())
        return Response(to_wire(responses.Targets(rows, len(rows))))

    @extend_schema(request=TargetSerializer, responses={201: response_schema(responses.TargetChanged)})
    @targets.mapping.post
    def create_target(self, request: Request) -> Response:
        """Create an own target: a name under PM2, or a URL, with its endpoints."""
        target = self._save(request, request.data, is_new=True)
        location = {"Location": f"/api/benchmark/targets/{target.name}"}
        return Response(_changed(f"Created target {target.name}.", target), status=201, headers=location)

    @extend_schema(operation_id="benchmark_targets_retrieve", responses=response_schema(Target))
    @action(detail=False, url_path=TARGET_PATH)
    def target(self, request: Request, name: str) -> Response:
        """One target. Values of credentials are never in it."""
        return Response(to_wire(registered.find_target(name, fetch_apps())))

    @extend_schema(request=ReplacedTargetSerializer, responses=response_schema(responses.TargetChanged))
    @target.mapping.put
    def replace_target(self, request: Request, name: str) -> Response:
        """Create or replace an own target. A credential given as `{"secret": true}` is kept, unless url, connect, pm2
        or ports change: then it has to be set again."""
        data = {"name": name, **request.data} if isinstance(request.data, Mapping) else request.data
        target = self._save(request, data, path_name=name)
        return Response(_changed(f"Saved target {target.name}.", target))

    @extend_schema(responses={200: response_schema(responses.RunChanged)})
    @target.mapping.delete
    def delete_target(self, request: Request, name: str) -> Response:
        """Delete an own target. Its results stay in the history."""
        target = registered.find_target(name, fetch_apps())
        if target.source not in STORED:
            raise ReadOnlyTarget(name, target.source)
        store.delete(name)
        return Response(to_wire(responses.RunChanged(True, f"Deleted target {name}.")))

    def _save(self, request: Request, data: Any, *, is_new: bool = False, path_name: str | None = None) -> Target:
        serializer = TargetSerializer(data=data)
        serializer.is_valid(raise_exception=True)
        if path_name is not None and serializer.validated_data["name"] != path_name:
            raise ValidationError({"name": f"Must be that of the path, {path_name}: targets are not renamed."})
        audit_hook.name_subject(request._request, serializer.validated_data["name"])
        actor = getattr(getattr(request._request, "credential", None), "actor", "")
        saved = store.save(serializer.validated_data, actor=actor, is_new=is_new)
        return registered.find_target(saved.name, fetch_apps())


def _changed(message: str, target: Target) -> object:
    if target.running is False:
        message += f" Nothing named {target.pm2} is online under PM2 now."
    return to_wire(responses.TargetChanged(target=target, success=True, message=message))
