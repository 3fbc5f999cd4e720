"""Serializers that validate the requests of `/api/pm2`, and the names of its responses in OpenAPI."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from pm2.actions.selection import ProcessSelector
from pm2.actions.upkeep import SIGNALS
from pm2.api.framework_status import FrameworkList, FrameworkStatus
from pm2.api.process_detail import ProcessDetail
from pm2.daemon.process import ProcessDetails
from pm2.ecosystem.start_from_file import FileRequest
from pm2.exits.classify import ExitList, UsageSample
from pm2.frameworks.registry import MAX_INSTANCES
from pm2.logs.log_search import LogQuery
from pm2.monitor.listing import DaemonStatus
from system.lib.fields import (
    FlagField,
    NameField,
    QueryFlagField,
    QueryIntegerField,
    QuerySerializer,
    StrictIntegerField,
    TextField,
)
from system.lib.wire_serializers import name_components

MAX_LINES = 5000


class AllSerializer(serializers.Serializer[Any]):
    """The body of an action on all processes; it may be missing."""

    modules = FlagField(required=False, help_text="modules of PM2 too; by default they are spared")

    @property
    def selector(self) -> ProcessSelector:
        return ProcessSelector(with_modules=self.validated_data.get("modules", False))


SELECTORS = ("framework", "name", "pmId", "namespace", "process")


class TargetSerializer(AllSerializer):
    """The processes to act on: exactly one of framework, name, pmId, namespace and process."""

    framework = NameField(required=False)
    name = NameField(required=False)
    pmId = StrictIntegerField(min_value=0, max_value=2**31, required=False)
    namespace = NameField(required=False, help_text="all its processes except this server")
    process = NameField(required=False, help_text="a name, a namespace or a pm_id, by the rule of PM2's command line")

    exactly_one_of: tuple[str, ...] = SELECTORS  # for OpenAPI too

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        *first, last = self.exactly_one_of
        if len(attrs.keys() & set(self.exactly_one_of)) != 1:
            raise serializers.ValidationError(f"Give exactly one of {', '.join(first)} and {last}.")
        return attrs

    @property
    def selector(self) -> ProcessSelector:
        data = self.validated_data
        return ProcessSelector(
            data.get("framework"), data.get("name"), data.get("pmId"), data.get("namespace"), data.get("process"),
            data.get("modules", False),
        )  # fmt: skip


class ScaleSerializer(TargetSerializer):
    """The number of instances to scale to, of the app of exactly one of framework, name, pmId and process."""

    instances = StrictIntegerField(min_value=1, max_value=MAX_INSTANCES)


class StartSerializer(TargetSerializer):
    """What to start: a framework, processes that are listed and not running, or the apps of an ecosystem file."""

    instances = StrictIntegerField(
        min_value=1, max_value=MAX_INSTANCES, required=False, help_text="only with `framework`"
    )
    ecosystem = TextField(
        required=False,
        max_length=4096,
        help_text="the absolute path of a file below ECOSYSTEM_DIRS, which is evaluated",
    )
    only = serializers.ListField(
        child=NameField(), required=False, min_length=1, max_length=1000,
        help_text="only with `ecosystem`: names of its apps; by default all",
    )  # fmt: skip
    env = NameField(required=False, help_text="only with `ecosystem`: NAME of the variables in `env_NAME`")
    preview = FlagField(
        required=False, help_text="only with `ecosystem`: answer what would be started, with whose rights"
    )

    exactly_one_of = (*SELECTORS, "ecosystem")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        super().validate(attrs)
        for names, selector in ((("instances",), "framework"), (("only", "env", "preview"), "ecosystem")):
            if selector not in attrs and (extra := [name for name in names if name in attrs]):
                raise serializers.ValidationError({name: [f"Only with {selector}."] for name in extra})
        return attrs

    @property
    def subject(self) -> str:
        return self.validated_data.get("ecosystem") or self.selector.subject

    @property
    def file_request(self) -> FileRequest | None:
        data = self.validated_data
        if "ecosystem" not in data:
            return None
        only = tuple(data.get("only", ()))
        return FileRequest(data["ecosystem"], only, data.get("env"), tuple(settings.ECOSYSTEM_DIRS))


class SignalSerializer(TargetSerializer):
    """The signal for the processes of exactly one of framework, name, pmId, namespace and process."""

    signal = serializers.ChoiceField(SIGNALS)


class SaveSerializer(serializers.Serializer[Any]):
    """The body of `save`; it may be missing."""

    force = FlagField(required=False, help_text="save an empty list too: a reboot then starts nothing")


class LogQuerySerializer(QuerySerializer):
    framework = NameField(required=False)
    name = NameField(required=False)
    process = NameField(required=False, help_text="a name, a namespace or a pm_id, by the rule of PM2's command line")
    pmId: serializers.IntegerField = QueryIntegerField(min_value=0, max_value=2**31, required=False)
    lines: serializers.IntegerField = QueryIntegerField(min_value=1, max_value=MAX_LINES, default=200)
    stream = serializers.ChoiceField(["out", "err"], required=False)
    search = TextField(required=False, max_length=200, default="", allow_blank=True, trim_whitespace=False)
    regex: serializers.BooleanField = QueryFlagField(default=False, help_text="`search` is a regular expression of RE2")
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
    """LogQuerySerializer for a JSON body: numbers and booleans must not be strings."""

    pmId = StrictIntegerField(min_value=0, max_value=2**31, required=False)
    lines = StrictIntegerField(min_value=1, max_value=MAX_LINES, default=200)
    regex = FlagField(default=False, help_text="`search` is a regular expression of RE2")


class StatsQuerySerializer(QuerySerializer):
    process = NameField(required=False, help_text="only what it selects: a name, a namespace or a pm_id, by PM2's rule")


class ExitQuerySerializer(QuerySerializer):
    framework = NameField(required=False)
    limit = QueryIntegerField(min_value=1, max_value=1000, default=50)
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
