"""Serializers that validate the requests of `/api/pm2`, and the names of its responses in OpenAPI."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from pm2.actions.selection import ProcessSelector
from pm2.api.framework_status import FrameworkList, FrameworkStatus
from pm2.api.process_detail import ProcessDetail
from pm2.daemon.process import ProcessDetails
from pm2.exits.classify import ExitList, UsageSample
from pm2.frameworks.registry import MAX_INSTANCES
from pm2.logs.log_search import LogQuery
from pm2.monitor.listing import DaemonStatus
from system.lib.fields import NameField, StrictIntegerField, TextField
from system.lib.wire_serializers import name_components

MAX_LINES = 5000


class StartSerializer(serializers.Serializer[Any]):
    framework = NameField()
    instances = StrictIntegerField(min_value=1, max_value=MAX_INSTANCES, required=False)

    @property
    def selector(self) -> ProcessSelector:
        return ProcessSelector(framework=self.validated_data["framework"])


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
    regex = serializers.BooleanField(default=False, help_text="`search` is a regular expression of RE2")
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


class ExitQuerySerializer(serializers.Serializer[Any]):
    framework = NameField(required=False, default="")
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=50)
    since = serializers.DateTimeField(required=False)


name_components(
    {
        UsageSample: "ExitSample",
        ProcessDetails: "Details",
        FrameworkStatus: "Framework",
        FrameworkList: "Frameworks",
        ExitList: "Exits",
        DaemonStatus: "Daemon",
        ProcessDetail: "ProcessPage",
    }
)
