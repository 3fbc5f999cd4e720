"""Serializers of `/api/redis`: they validate request bodies, and describe responses in OpenAPI."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from rediscluster.topology import plan
from rediscluster.topology.plan import HIGHEST_PORT, PERSISTENCE, Plan
from system.lib.fields import StrictIntegerField

MAX_MEMORY_BYTES = 2**50


class SetupSerializer(serializers.Serializer[Any]):
    nodeCount = StrictIntegerField(min_value=1, help_text="3 to REDIS_MAX_NODES")
    replicas = StrictIntegerField(min_value=0, max_value=10, required=False, help_text="Per master")
    basePort = StrictIntegerField(min_value=1024, max_value=HIGHEST_PORT, required=False)
    maxMemory = StrictIntegerField(
        min_value=0, max_value=MAX_MEMORY_BYTES, required=False, help_text="Bytes per node; 0 means no limit"
    )
    persistence = serializers.ChoiceField(PERSISTENCE, default="none")
    allowNoFailover = serializers.BooleanField(default=False, help_text="Allow fewer than three masters")

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
    discard = serializers.BooleanField(default=False, help_text="Do not save; all keys are lost")


class CleanSerializer(serializers.Serializer[Any]):
    confirm = serializers.BooleanField(default=False, help_text="Required while the cluster holds keys")


class FailoverSerializer(serializers.Serializer[Any]):
    port = StrictIntegerField(min_value=1, max_value=65535, help_text="A replica, or the master of the shard")


class SlowLogQuery(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)


class PersistenceSerializer(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    aof = serializers.BooleanField()
    changesSinceSave = serializers.IntegerField(allow_null=True)


class RedisNodeSerializer(serializers.Serializer[Any]):
    port = serializers.IntegerField()
    pid = serializers.IntegerField(allow_null=True)
    owner = serializers.ChoiceField(["ours", "other"])
    role = serializers.ChoiceField(["master", "replica", "standalone"], allow_null=True)
    masterPort = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(["up", "loading", "unresponsive", "down", "stopped"])
    reason = serializers.CharField(allow_null=True, help_text="Why it is not up, or cannot be read")
    slots = serializers.IntegerField(help_text="Number of slots")
    slotRanges = serializers.ListField(child=serializers.CharField(), help_text="e.g. `0-5460`")
    opsPerSecond = serializers.FloatField(allow_null=True)
    memoryBytes = serializers.IntegerField(allow_null=True)
    maxMemoryBytes = serializers.IntegerField(allow_null=True, help_text="0 means no limit")
    connections = serializers.IntegerField(allow_null=True, help_text="Without this server's own")
    keys = serializers.IntegerField(allow_null=True)
    hitRatePercent = serializers.FloatField(allow_null=True, help_text="Since the previous sample; null without reads")
    evictedPerSecond = serializers.FloatField(allow_null=True)
    expiredPerSecond = serializers.FloatField(allow_null=True)
    errorsPerSecond = serializers.FloatField(allow_null=True)
    networkInBytesPerSecond = serializers.FloatField(allow_null=True)
    networkOutBytesPerSecond = serializers.FloatField(allow_null=True)
    cpuPercent = serializers.FloatField(allow_null=True, help_text="Of one core")
    replicationLagBytes = serializers.IntegerField(allow_null=True)
    replicationLagSeconds = serializers.FloatField(allow_null=True)
    linkUp = serializers.BooleanField(allow_null=True)
    latencyMs = serializers.FloatField(allow_null=True, help_text="Of this server's own commands")
    memoryPeakBytes = serializers.IntegerField(allow_null=True)
    blockedConnections = serializers.IntegerField(allow_null=True)
    rejectedConnections = serializers.IntegerField(allow_null=True)
    persistence = PersistenceSerializer(allow_null=True)
    uptimeSeconds = serializers.IntegerField(allow_null=True)
    version = serializers.CharField(allow_null=True)


class NodesSerializer(serializers.Serializer[Any]):
    nodes = serializers.ListField(child=serializers.IntegerField())
    count = serializers.IntegerField()
    details = RedisNodeSerializer(many=True)
    timestamp = serializers.DateTimeField()


class ShardReplicaSerializer(serializers.Serializer[Any]):
    port = serializers.IntegerField()
    state = serializers.CharField()
    linkUp = serializers.BooleanField(allow_null=True)
    lagBytes = serializers.IntegerField(allow_null=True)
    lagSeconds = serializers.FloatField(allow_null=True)


class ShardPictureSerializer(serializers.Serializer[Any]):
    slots = serializers.ListField(child=serializers.CharField())
    slotCount = serializers.IntegerField()
    masterPort = serializers.IntegerField()
    masterState = serializers.CharField()
    keys = serializers.IntegerField(allow_null=True)
    memoryBytes = serializers.IntegerField(allow_null=True)
    opsPerSecond = serializers.FloatField(allow_null=True)
    hitRatePercent = serializers.FloatField(allow_null=True)
    replicas = ShardReplicaSerializer(many=True)


class ClusterPictureSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(["ok", "fail", "absent", "stopped"])
    owner = serializers.ChoiceField(["ours", "other"], allow_null=True)
    agreement = serializers.BooleanField(allow_null=True, help_text="All nodes have the same map")
    slotsOk = serializers.IntegerField()
    size = serializers.IntegerField(help_text="Masters with slots")
    knownNodes = serializers.IntegerField()
    epoch = serializers.IntegerField(allow_null=True)
    opsPerSecond = serializers.FloatField(allow_null=True)
    keys = serializers.IntegerField(allow_null=True)
    memoryBytes = serializers.IntegerField(allow_null=True)
    codes = serializers.IntegerField(allow_null=True, help_text="The counter `codes:seq` of the frameworks")
    lost = serializers.ListField(child=serializers.CharField(), help_text="Slots without a live master")
    failovers = serializers.IntegerField(help_text="Promotions seen since this server started")
    shards = ShardPictureSerializer(many=True)


class RedisStatsSerializer(serializers.Serializer[Any]):
    stats = RedisNodeSerializer(many=True)
    cluster = ClusterPictureSerializer()
    timestamp = serializers.DateTimeField()


class ManifestSerializer(serializers.Serializer[Any]):
    clusterId = serializers.CharField()
    state = serializers.CharField()
    nodeCount = serializers.IntegerField()
    replicas = serializers.IntegerField()
    basePort = serializers.IntegerField()
    maxMemoryBytes = serializers.IntegerField()
    persistence = serializers.CharField()
    version = serializers.CharField(help_text="Of redis-server")
    keys = serializers.IntegerField(help_text="When it was stopped")
    error = serializers.CharField(allow_null=True)


class StatusSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(["absent", "creating", "running", "degraded", "stopped", "failed"])
    owner = serializers.ChoiceField(["ours", "other"], allow_null=True)
    message = serializers.CharField()
    nextStep = serializers.CharField()
    operation = serializers.CharField(allow_null=True, help_text="The operation in progress")
    manifest = ManifestSerializer(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())
    timestamp = serializers.DateTimeField()


class ShardSerializer(serializers.Serializer[Any]):
    slots = serializers.ListField(child=serializers.CharField())
    masterPort = serializers.IntegerField()
    replicaPorts = serializers.ListField(child=serializers.IntegerField())


class FormedSerializer(serializers.Serializer[Any]):
    state = serializers.CharField()
    agreement = serializers.BooleanField()
    slotsOk = serializers.IntegerField()
    size = serializers.IntegerField()
    knownNodes = serializers.IntegerField()
    epoch = serializers.IntegerField()
    failover = serializers.BooleanField(help_text="A lost master is replaced automatically")
    shards = ShardSerializer(many=True)


class OutcomeSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    nodes = serializers.ListField(child=serializers.IntegerField())
    cluster = FormedSerializer(allow_null=True, help_text="Null when it is not running afterwards")
    phases = serializers.DictField(child=serializers.FloatField(), help_text="Milliseconds by phase, in order")
    changed = serializers.BooleanField()
    warnings = serializers.ListField(child=serializers.CharField())
    timestamp = serializers.DateTimeField()


class CleanedSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    deleted = serializers.ListField(child=serializers.CharField())
    left = serializers.ListField(child=serializers.CharField(), help_text="Not ours")
    timestamp = serializers.DateTimeField()


class NodeInfoSerializer(serializers.Serializer[Any]):
    port = serializers.IntegerField()
    sections = serializers.DictField(child=serializers.DictField(child=serializers.CharField()))
    timestamp = serializers.DateTimeField()


class SlowCommandSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    durationMs = serializers.FloatField()
    command = serializers.CharField()
    client = serializers.CharField()
    clientName = serializers.CharField()


class SlowLogSerializer(serializers.Serializer[Any]):
    port = serializers.IntegerField()
    entries = SlowCommandSerializer(many=True)
    thresholdMs = serializers.FloatField(allow_null=True)
    timestamp = serializers.DateTimeField()
