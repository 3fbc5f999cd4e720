"""Serializers of `/api/pm2`: they validate requests, and describe responses in OpenAPI."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from pm2.actions.action_steps import ProcessSelector
from pm2.exits.classify import Cause
from pm2.logs.log_search import LogQuery
from system.lib.fields import NameField, StrictIntegerField, TextField

MAX_INSTANCES = 100
MAX_LINES = 5000


class StartSerializer(serializers.Serializer[Any]):
    framework = NameField()
    instances = StrictIntegerField(min_value=1, max_value=MAX_INSTANCES, required=False)


class TargetSerializer(serializers.Serializer[Any]):
    """The processes to act on: exactly one of framework, name and pmId."""

    framework = NameField(required=False)
    name = NameField(required=False)
    pmId = StrictIntegerField(min_value=0, max_value=2**31, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs.keys() & {"framework", "name", "pmId"}) != 1:
            raise serializers.ValidationError("Give exactly one of framework, name and pmId.")
        return attrs

    @property
    def selector(self) -> ProcessSelector:
        data = self.validated_data
        return ProcessSelector(data.get("framework"), data.get("name"), data.get("pmId"))


class ScaleSerializer(TargetSerializer):
    """The number of instances to scale to, of exactly one of framework, name and pmId."""

    instances = StrictIntegerField(min_value=1, max_value=MAX_INSTANCES)


class LogQuerySerializer(serializers.Serializer[Any]):
    framework = NameField(required=False)
    name = NameField(required=False)
    pmId = serializers.IntegerField(min_value=0, max_value=2**31, required=False)
    lines = serializers.IntegerField(min_value=1, max_value=MAX_LINES, default=200)
    stream = serializers.ChoiceField(["out", "err"], required=False)
    search = TextField(required=False, max_length=200, default="", allow_blank=True, trim_whitespace=False)
    regex = serializers.BooleanField(default=False, help_text="`search` is a regular expression")
    since = serializers.DateTimeField(required=False, help_text="ISO 8601; lines without a timestamp are omitted")

    @property
    def query(self) -> LogQuery:
        data = self.validated_data
        return LogQuery(
            count=data["lines"],
            name=data.get("framework", data.get("name")),
            pm_id=data.get("pmId"),
            stream=data.get("stream"),
            search=data["search"],
            is_regex=data["regex"],
            since=data.get("since"),
        )


class LogBodySerializer(LogQuerySerializer):
    """LogQuerySerializer for a JSON body: numbers must not be strings."""

    pmId = StrictIntegerField(min_value=0, max_value=2**31, required=False)
    lines = StrictIntegerField(min_value=1, max_value=MAX_LINES, default=200)


class LogLineSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField(
        allow_null=True, help_text="null: from before this server started, in a file without timestamps"
    )
    pmId = serializers.IntegerField(allow_null=True, help_text="null: from a file shared by several instances")
    name = serializers.CharField()
    stream = serializers.ChoiceField(["out", "err"])
    text = serializers.CharField()


class LogSourceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    pmId = serializers.IntegerField(allow_null=True)
    stream = serializers.ChoiceField(["out", "err"])
    path = serializers.CharField()
    sizeBytes = serializers.IntegerField(allow_null=True)
    linesPerSecond = serializers.FloatField()
    bytesPerSecond = serializers.FloatField()


class LogPageSerializer(serializers.Serializer[Any]):
    lines = LogLineSerializer(many=True)
    sources = LogSourceSerializer(many=True)
    complete = serializers.BooleanField(help_text="false: the search timed out before all files were read")
    timestamp = serializers.DateTimeField()


class ExitQuerySerializer(serializers.Serializer[Any]):
    framework = NameField(required=False, default="")
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=50)
    since = serializers.DateTimeField(required=False)


class ExitSampleSerializer(serializers.Serializer[Any]):
    secondsBefore = serializers.FloatField()
    cpu = serializers.FloatField()
    memoryBytes = serializers.IntegerField()


class ExitSerializer(serializers.Serializer[Any]):
    instance = serializers.CharField(help_text="Token of the instance, because PM2 reuses pm_ids")
    at = serializers.DateTimeField()
    name = serializers.CharField()
    pmId = serializers.IntegerField()
    exitCode = serializers.IntegerField(allow_null=True, help_text="null if a signal ended the process")
    signal = serializers.CharField(allow_null=True)
    cause = serializers.ChoiceField([cause.value for cause in Cause])
    text = serializers.CharField()
    by = serializers.CharField(
        allow_null=True, help_text="Actor who requested the action, if it was requested from this server"
    )
    uptimeSeconds = serializers.FloatField(allow_null=True)
    stderr = serializers.ListField(child=serializers.CharField())
    samples = ExitSampleSerializer(many=True)


class ExitsSerializer(serializers.Serializer[Any]):
    exits = ExitSerializer(many=True)
    timestamp = serializers.DateTimeField()


class ProcessSerializer(serializers.Serializer[Any]):
    pmId = serializers.IntegerField(help_text="PM2 reuses these numbers")
    name = serializers.CharField()
    namespace = serializers.CharField()
    pid = serializers.IntegerField(help_text="0 if it is not running")
    status = serializers.CharField(help_text="PM2's status: online, stopped, errored, …")
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
    metrics = serializers.DictField(
        child=serializers.CharField(), help_text="Custom metrics of the process, with units"
    )


class ProcessPageSerializer(ProcessSerializer, DetailsSerializer):
    exits = ExitSerializer(many=True)
    timestamp = serializers.DateTimeField()


class CountsSerializer(serializers.Serializer[Any]):
    online = serializers.IntegerField()
    total = serializers.IntegerField()


class DaemonSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(["up", "down", "updating", "incompatible"])
    version = serializers.CharField(allow_null=True)
    pid = serializers.IntegerField(allow_null=True)
    home = serializers.CharField()
    message = serializers.CharField(allow_null=True, help_text="Why it is not up")


class OrphanSerializer(serializers.Serializer[Any]):
    pid = serializers.IntegerField()
    name = serializers.CharField()
    pmId = serializers.IntegerField()


class StatsSerializer(serializers.Serializer[Any]):
    processes = ProcessSerializer(many=True)
    counts = CountsSerializer()
    daemon = DaemonSerializer()
    timestamp = serializers.DateTimeField()
    stale = serializers.BooleanField(help_text="The daemon is unavailable; the list is `ageSeconds` old")
    ageSeconds = serializers.FloatField()
    orphans = OrphanSerializer(many=True, help_text="Left behind by a daemon that died: still running, unmanaged")


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
    instances = serializers.IntegerField(help_text="Default number of instances")
    installed = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True, help_text="Why it cannot be started on this host")
    running = serializers.IntegerField(help_text="Instances online")


class FrameworksSerializer(serializers.Serializer[Any]):
    frameworks = FrameworkSerializer(many=True)
    timestamp = serializers.DateTimeField()
