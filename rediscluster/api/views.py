"""`/api/redis`: the cluster, its nodes, and the operations."""

from __future__ import annotations

from typing import Any, TypeVar

from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import ViewSet

from rediscluster.api import serializers
from rediscluster.operations import cluster
from rediscluster.operations.result import Cleaned, OperationResult
from rediscluster.status import cluster_sampler, queries
from rediscluster.status.cluster_stats import RedisStats
from rediscluster.status.queries import NodeInfo, NodeList, SlowLog
from rediscluster.status.state_summary import Status
from system.lib import audit_hook
from system.lib.wire import to_wire
from system.lib.wire_serializers import response_schema

S = TypeVar("S", bound=Serializer[Any])
NODE_PATH = r"nodes/(?P<port>[0-9]{1,5})"


@extend_schema(tags=["redis"])
class RedisViewSet(ViewSet):
    @extend_schema(responses=response_schema(NodeList))
    @action(detail=False)
    def nodes(self, request: Request) -> Response:
        """The nodes of our cluster, including stopped ones, and foreign nodes in our port range."""
        return Response(to_wire(async_to_sync(queries.fetch_nodes)()))

    @extend_schema(responses=response_schema(RedisStats))
    @action(detail=False)
    def stats(self, request: Request) -> Response:
        """Every node and the cluster as a whole, as in the stream `redis:stats`."""
        return Response(to_wire(async_to_sync(cluster_sampler.sample)()))

    @extend_schema(responses=response_schema(Status))
    @action(detail=False)
    def status(self, request: Request) -> Response:
        """The state, a sentence about it, and the next step."""
        return Response(to_wire(async_to_sync(queries.fetch_status)()))

    @extend_schema(request=serializers.SetupSerializer, responses=serializers.SETUP_RESPONSE)
    @action(detail=False, methods=["post"], url_path="setup")
    def set_up(self, request: Request) -> Response:
        """Form a cluster; responds when all nodes agree and a write to each shard was read back. With `preview` it
        responds with the plan, and nothing is started."""
        body = _validated(serializers.SetupSerializer, request)
        is_preview = body.validated_data["preview"]
        if is_preview:
            audit_hook.mark_preview(request._request)
        plan = body.plan
        audit_hook.name_subject(request._request, str(len(plan.ports)))
        if is_preview:
            return Response(to_wire(async_to_sync(cluster.preview)(plan)))
        return Response(to_wire(async_to_sync(cluster.setup)(plan)))

    @extend_schema(request=serializers.StopSerializer, responses=response_schema(OperationResult))
    @action(detail=False, methods=["post"])
    def stop(self, request: Request) -> Response:
        """Stop all nodes, after saving their keys to disk unless `discard`."""
        body = _validated(serializers.StopSerializer, request)
        return Response(to_wire(async_to_sync(cluster.stop)(discard=body.validated_data["discard"])))

    @extend_schema(request=None, responses=response_schema(OperationResult))
    @action(detail=False, methods=["post"])
    def resume(self, request: Request) -> Response:
        """Start the nodes that are down: the same cluster with the same keys."""
        return Response(to_wire(async_to_sync(cluster.resume)()))

    @extend_schema(request=serializers.CleanSerializer, responses=response_schema(Cleaned))
    @action(detail=False, methods=["post"])
    def clean(self, request: Request) -> Response:
        """Stop the cluster and delete its files; `confirm` is required while it holds keys."""
        body = _validated(serializers.CleanSerializer, request)
        return Response(to_wire(async_to_sync(cluster.clean)(confirm=body.validated_data["confirm"])))

    @extend_schema(request=serializers.FailoverSerializer, responses=response_schema(OperationResult))
    @action(detail=False, methods=["post"])
    def failover(self, request: Request) -> Response:
        """Promote a replica to master of its shard; responds after the promotion."""
        port = _validated(serializers.FailoverSerializer, request).validated_data["port"]
        audit_hook.name_subject(request._request, str(port))
        return Response(to_wire(async_to_sync(cluster.failover)(port)))

    @extend_schema(responses=response_schema(NodeInfo))
    @action(detail=False, url_path=NODE_PATH + "/info")
    def info(self, request: Request, port: str) -> Response:
        """A node's INFO, by section."""
        return Response(to_wire(async_to_sync(queries.fetch_node_info)(int(port))))

    @extend_schema(parameters=[serializers.SlowLogQuery], responses=response_schema(SlowLog))
    @action(detail=False, url_path=NODE_PATH + "/slowlog")
    def slowlog(self, request: Request, port: str) -> Response:
        """A node's slow log, newest first."""
        query = serializers.SlowLogQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(to_wire(async_to_sync(queries.fetch_slow_log)(int(port), query.validated_data["limit"])))


def _validated(serializer: type[S], request: Request) -> S:
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    return body
