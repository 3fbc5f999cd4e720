"""`/api/pm2` described: bodies are checked with these, answers shown in OpenAPI."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from pm2.processes import Target
from system.fields import NameField, StrictIntegerField

MAX_INSTANCES = 100


class StartSerializer(serializers.Serializer[Any]):
    framework = NameField()
    instances = StrictIntegerField(min_value=1, max_value=MAX_INSTANCES, required=False)


class TargetSerializer(serializers.Serializer[Any]):
    """Exactly one of the three."""

    framework = NameField(required=False)
    name = NameField(required=False)
    pmId = StrictIntegerField(min_value=0, max_value=2**31, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Name exactly one of framework, name and pmId.")
        return attrs

    @property
    def target(self) -> Target:
        given = self.validated_data
        return Target(given.get("framework"), given.get("name"), given.get("pmId"))


class ProcessSerializer(serializers.Serializer[Any]):
    pmId = serializers.IntegerField(help_text="PM2 gives these numbers out again")
    name = serializers.CharField()
    namespace = serializers.CharField()
    pid = serializers.IntegerField(help_text="0 when it does not run")
    status = serializers.CharField(help_text="PM2's word: online, stopped, errored, …")
    execMode = serializers.CharField()
    instances = serializers.IntegerField()
    cpu = serializers.FloatField(help_text="Percent of one core, the whole process tree")
    memory = serializers.FloatField(help_text="MB of 2^20 bytes, the whole process tree")
    memoryBytes = serializers.IntegerField()
    uptimeSeconds = serializers.FloatField()
    restarts = serializers.IntegerField()
    unstableRestarts = serializers.IntegerField()
    exitCode = serializers.IntegerField(allow_null=True)
    framework = serializers.CharField(allow_null=True)
    port = serializers.IntegerField(allow_null=True)
    interpreter = serializers.CharField()
    user = serializers.CharField()
    version = serializers.CharField()


class DetailsSerializer(serializers.Serializer[Any]):
    script = serializers.CharField()
    cwd = serializers.CharField()
    arguments = serializers.ListField(child=serializers.CharField())
    nodeVersion = serializers.CharField()
    outLog = serializers.CharField()
    errLog = serializers.CharField()
    createdAtMs = serializers.FloatField(allow_null=True)
    watch = serializers.BooleanField()
    maxMemoryRestart = serializers.IntegerField(allow_null=True, help_text="Bytes")
    metrics = serializers.DictField(child=serializers.CharField(), help_text="The process's own, with units")


class ProcessPageSerializer(ProcessSerializer, DetailsSerializer):
    exits = serializers.ListField(child=serializers.DictField())
    timestamp = serializers.DateTimeField()


class CountsSerializer(serializers.Serializer[Any]):
    online = serializers.IntegerField()
    total = serializers.IntegerField()


class DaemonSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(["up", "down", "updating", "incompatible"])
    version = serializers.CharField(allow_null=True)
    pid = serializers.IntegerField(allow_null=True)
    home = serializers.CharField()


class StatsSerializer(serializers.Serializer[Any]):
    processes = ProcessSerializer(many=True)
    counts = CountsSerializer()
    daemon = DaemonSerializer()
    timestamp = serializers.DateTimeField()
    stale = serializers.BooleanField(help_text="The daemon is away; the list is `ageSeconds` old")
    ageSeconds = serializers.FloatField()


class SkippedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    reason = serializers.CharField()


class ActionResultSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    processes = ProcessSerializer(many=True)
    warnings = serializers.ListField(child=serializers.CharField())
    skipped = SkippedSerializer(many=True)
    timestamp = serializers.DateTimeField()


class FrameworkSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    displayName = serializers.CharField()
    runtime = serializers.CharField()
    port = serializers.IntegerField()
    color = serializers.CharField()
    execMode = serializers.CharField()
    instances = serializers.IntegerField(help_text="How many start when nobody says")
    installed = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True, help_text="Why it cannot be started here")
    running = serializers.IntegerField(help_text="Instances online")


class FrameworksSerializer(serializers.Serializer[Any]):
    frameworks = FrameworkSerializer(many=True)
    timestamp = serializers.DateTimeField()
