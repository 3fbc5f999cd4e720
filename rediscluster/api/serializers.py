"""Serializers that validate the requests of `/api/redis`, and the names of its responses in OpenAPI."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from rediscluster.operations.result import FormedCluster, OperationResult
from rediscluster.operations.setup_preview import SetupPreview
from rediscluster.status.cluster_stats import ClusterStats, ShardStats
from rediscluster.status.node_stats import NodeStats
from rediscluster.status.queries import NodeList
from rediscluster.status.state_summary import ManifestSummary
from rediscluster.topology import plan
from rediscluster.topology.plan import HIGHEST_PORT, PERSISTENCE, Plan
from system.lib.fields import FlagField, QueryIntegerField, QuerySerializer, StrictIntegerField
from system.lib.wire_serializers import name_components, response_schema

MAX_MEMORY_BYTES = 2**50


class SetupSerializer(serializers.Serializer[Any]):
    nodeCount = StrictIntegerField(min_value=1, help_text="3 to REDIS_MAX_NODES")
    replicas = StrictIntegerField(min_value=0, max_value=10, required=False, help_text="Per master")
    basePort = StrictIntegerField(min_value=1024, max_value=HIGHEST_PORT, required=False)
    maxMemory = StrictIntegerField(
        min_value=0, max_value=MAX_MEMORY_BYTES, required=False, help_text="Bytes per node; 0 means no limit"
    )
    persistence = serializers.ChoiceField(PERSISTENCE, default="none")
    allowNoFailover = FlagField(default=False, help_text="Allow fewer than three masters")
    preview = FlagField(default=False, help_text="Check everything and answer with the plan; start nothing")

    @property
    def plan(self) -> Plan:
        """Raises InvalidPlan."""
        data = self.validated_data
        return plan.make_plan(
            data["nodeCount"],
            replicas=data.get("replicas"),
            base_port=data.get("basePort", settings.REDIS_BASE_PORT),
            max_memory_bytes=data.get("maxMemory", 0),
            persistence=data["persistence"],
            allow_no_failover=data["allowNoFailover"],
            max_nodes=settings.REDIS_MAX_NODES,
        )


class StopSerializer(serializers.Serializer[Any]):
    discard = FlagField(default=False, help_text="Do not save; all keys are lost")


class CleanSerializer(serializers.Serializer[Any]):
    confirm = FlagField(default=False, help_text="Required while the cluster holds keys")


class FailoverSerializer(serializers.Serializer[Any]):
    port = StrictIntegerField(min_value=1, max_value=65535, help_text="A replica, or the master of the shard")


class SlowLogQuery(QuerySerializer):
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100)


SETUP_RESPONSE = PolymorphicProxySerializer(
    "SetupResponse",
    [response_schema(OperationResult), response_schema(SetupPreview)],
    resource_type_field_name=None,
)
name_components(
    {
        NodeStats: "RedisNode",
        NodeList: "Nodes",
        ShardStats: "ShardPicture",
        ClusterStats: "ClusterPicture",
        ManifestSummary: "Manifest",
        FormedCluster: "Formed",
        OperationResult: "Outcome",
    }
)
