"""`/api/redis`: the cluster, its nodes, and the verbs."""

from __future__ import annotations

from typing import Any, TypeVar

from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import ViewSet

from rediscluster.api import serializers as shapes
from rediscluster.operations import cluster
from rediscluster.status import cluster_sampler, queries
from system.lib.wire import to_wire

S = TypeVar("S", bound=Serializer[Any])
NODE = r"nodes/(?P<port>\d{1,5})"


@extend_schema(tags=["redis"])
class RedisViewSet(ViewSet):
    @extend_schema(responses=shapes.NodesSerializer)
    @action(detail=False)
    def nodes(self, request: Request) -> Response:
        """The nodes of our cluster, stopped ones too, and those of others on our range of ports."""
        return Response(to_wire(async_to_sync(queries.nodes)()))

    @extend_schema(responses=shapes.RedisStatsSerializer)
    @action(detail=False)
    def stats(self, request: Request) -> Response:
        """Every node and the cluster as a whole, as the stream `redis:stats` has them."""
        return Response(to_wire(async_to_sync(cluster_sampler.sample)()))

    @extend_schema(responses=shapes.StatusSerializer)
    @action(detail=False)
    def status(self, request: Request) -> Response:
        """The state in a word, a sentence, and the next step."""
        return Response(to_wire(async_to_sync(queries.status)()))

    @extend_schema(request=shapes.SetupSerializer, responses=shapes.OutcomeSerializer)
    @action(detail=False, methods=["post"], url_path="setup")
    def set_up(self, request: Request) -> Response:
        """Form a cluster; answers when every node agrees and a write to each shard was read back."""
        plan = _checked(shapes.SetupSerializer, request).plan
        return Response(to_wire(async_to_sync(cluster.setup)(plan)))

    @extend_schema(request=shapes.StopSerializer, responses=shapes.OutcomeSerializer)
    @action(detail=False, methods=["post"])
    def stop(self, request: Request) -> Response:
        """Stop all nodes; their keys are on disk, unless `discard`."""
        body = _checked(shapes.StopSerializer, request)
        return Response(to_wire(async_to_sync(cluster.stop)(discard=body.validated_data["discard"])))

    @extend_schema(request=None, responses=shapes.OutcomeSerializer)
    @action(detail=False, methods=["post"])
    def resume(self, request: Request) -> Response:
        """Start the nodes that do not run; the same cluster with the same keys."""
        return Response(to_wire(async_to_sync(cluster.resume)()))

    @extend_schema(request=shapes.CleanSerializer, responses=shapes.CleanedSerializer)
    @action(detail=False, methods=["post"])
    def clean(self, request: Request) -> Response:
        """Stop the cluster and delete its files; with keys only when confirmed."""
        body = _checked(shapes.CleanSerializer, request)
        return Response(to_wire(async_to_sync(cluster.clean)(confirm=body.validated_data["confirm"])))

    @extend_schema(request=shapes.FailoverSerializer, responses=shapes.OutcomeSerializer)
    @action(detail=False, methods=["post"])
    def failover(self, request: Request) -> Response:
        """Let a replica take over its shard; answers after the promotion."""
        body = _checked(shapes.FailoverSerializer, request)
        return Response(to_wire(async_to_sync(cluster.failover)(body.validated_data["port"])))

    @extend_schema(responses=shapes.NodeInfoSerializer)
    @action(detail=False, url_path=NODE + "/info")
    def info(self, request: Request, port: str) -> Response:
        """A node's INFO, by section."""
        return Response(to_wire(async_to_sync(queries.info)(int(port))))

    @extend_schema(parameters=[shapes.SlowLogQuery], responses=shapes.SlowLogSerializer)
    @action(detail=False, url_path=NODE + "/slowlog")
    def slowlog(self, request: Request, port: str) -> Response:
        """The commands that took a node too long, newest first."""
        query = shapes.SlowLogQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(to_wire(async_to_sync(queries.slow_log)(int(port), query.validated_data["limit"])))


def _checked(shape: type[S], request: Request) -> S:
    body = shape(data=request.data)
    body.is_valid(raise_exception=True)
    return body
