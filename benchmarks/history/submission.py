"""Serializers that check a submitted or imported result, and convert it to columns of a run and of its trials.

A key with null is a missing one, whose column keeps its default; unknown keys are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, get_type_hints

from django.db.models import Model, PositiveIntegerField
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from benchmarks import generators
from benchmarks.analysis import histogram
from benchmarks.analysis.gates import VALIDITIES
from benchmarks.analysis.inferred_validity import infer_validity
from benchmarks.budgets.expectation import MAX_EXPECTATIONS, parse_stored
from benchmarks.budgets.judgement import JUDGEMENTS, BudgetInput, is_rate_lower_bound, object_to
from benchmarks.budgets.stored import complete, find_contradiction, parse_budget, trial_of
from benchmarks.engine.run_figures import RunFigures, TrialFigures
from benchmarks.engine.run_spec import PROTOCOLS, SCHEMES, RunParameters
from benchmarks.generators.scenario import SWEEP
from benchmarks.models import Run, Trial
from benchmarks.sweeps.steps import LIMITS, OUTCOMES
from benchmarks.targets.request_fields import ExpectationField, ExpectationsField
from system.lib.fields import (
    FlagField,
    JsonObjectField,
    JsonUUIDField,
    NumberField,
    TextField,
    TimeField,
    WholeNumberField,
)
from system.lib.wire import to_wire, wire_keys

MAX_TRIALS, MAX_GATES, MAX_SAMPLES, MAX_REASONS = 60, 100, 1000, 1000
MAX_HISTOGRAM = MAX_OUTPUT = 64 * 1024
MAX_SAMPLE_VALUES, MAX_METHOD, MAX_MESSAGE = 20, 16, 2000
MAX_INTEGER = 2**31 - 1  # of a PositiveIntegerField
MAX_STEP_REASONS = 20
STEP_NUMBERS = ("rate", "achieved", "p50", "p90", "p99", "max", "errors", "generatorShare", "targetShare")
GATE_STATES = ("pass", "warn", "fail", "unknown")
STATES = ("done", "failed", "cancelled", "interrupted")
LATENCY_COLUMNS = ("avg_latency_ms", "p50_latency_ms", "p90_latency_ms", "p99_latency_ms")
DETAIL_FIELDS = ("trialResults", "gates", "samples", "environment", "command")
AnyField = serializers.Field[Any, Any, Any, Any]


def number_fields(kind: type, model: type[Model], required: tuple[str, ...] = ()) -> dict[str, AnyField]:
    """Wire name → field, for the integers and numbers among the fields of `kind`; the source is the column of `model`,
    which bounds them: PostgreSQL refuses more."""
    hints = get_type_hints(kind)
    fields: dict[str, AnyField] = {}
    for column, key in wire_keys(kind).items():
        source = {} if column == key else {"source": column}  # REST framework refuses a redundant one
        options: dict[str, Any] = {
            "min_value": 0,
            "required": key in required,
            "allow_null": key not in required,
            **source,
        }
        if hints[column] in (int, int | None):
            is_small = isinstance(model._meta.get_field(column), PositiveIntegerField)
            fields[key] = WholeNumberField(**options, **({"max_value": MAX_INTEGER} if is_small else {}))
        elif hints[column] in (float, float | None):
            fields[key] = NumberField(**options)
    return fields


class SubmittedSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, AnyField]:
        fields = dict(super().get_fields())
        for field in fields.values():
            field.allow_null = not field.required
        return fields

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict):
            data = {key: value for key, value in data.items() if value is not None}
        return dict(super().to_internal_value(data))


class GateSerializer(SubmittedSerializer):
    code = TextField(max_length=500, allow_blank=True)
    state = serializers.ChoiceField(GATE_STATES)
    message = TextField(max_length=500, allow_blank=True, trim_whitespace=False)
    value = NumberField(default=None)
    trial = NumberField(default=None)


class SampleField(JsonObjectField):
    child = NumberField(allow_null=True)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict) and len(data) > MAX_SAMPLE_VALUES:
            raise serializers.ValidationError(f"Must not have more than {MAX_SAMPLE_VALUES} values.")
        return dict(super().to_internal_value(data))


class HistogramField(TextField):
    format = "hdrhistogram"  # for OpenAPI

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text and not histogram.is_valid(text):
            raise serializers.ValidationError("Is not a readable histogram.")
        return text


class HistogramsSerializer(SubmittedSerializer):
    raw = HistogramField(max_length=MAX_HISTOGRAM, allow_blank=True, default="", source="histogram")
    corrected = HistogramField(max_length=MAX_HISTOGRAM, allow_blank=True, default="", source="corrected_histogram")
    probe = HistogramField(max_length=MAX_HISTOGRAM, allow_blank=True, default="", source="probe_histogram")


class TrialSerializer(SubmittedSerializer):
    startedAt = TimeField(source="started_at", needs_zone=True)
    percentiles = JsonObjectField(child=NumberField(min_value=0), default=dict, source="percentiles_ms")
    facts = JsonObjectField(default=dict)
    output = TextField(max_length=MAX_OUTPUT, allow_blank=True, trim_whitespace=False, default="")
    histograms = HistogramsSerializer(default=dict)

    def get_fields(self) -> dict[str, AnyField]:
        required = ("index", "totalReqs", "duration", "reqPerSec")
        return {**super().get_fields(), **number_fields(TrialFigures, Trial, required)}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The columns of a trial."""
        histograms = attrs.pop("histograms")
        return {**attrs, **histograms, "is_warmup": attrs["index"] == 0}


class SweepStepSerializer(SubmittedSerializer):
    outcome = serializers.ChoiceField(OUTCOMES)
    reasons = serializers.ListField(child=TextField(max_length=500), default=list, max_length=MAX_STEP_REASONS)
    isUnanswered = FlagField(default=False)
    isClear = FlagField(default=False)

    def get_fields(self) -> dict[str, AnyField]:
        numbers = {
            key: NumberField(min_value=0, **({} if key in ("rate", "achieved") else {"default": None}))
            for key in STEP_NUMBERS
        }
        return {**numbers, **super().get_fields()}


class SweepSerializer(SubmittedSerializer):
    """The validated value has the keys of the wire: it is stored as it is."""

    sustainedRate = NumberField(min_value=0, default=None)
    low = NumberField(min_value=0, default=None)
    high = NumberField(min_value=0, default=None)
    limit = serializers.ChoiceField(LIMITS)
    isMonotone = FlagField(default=True)
    text = TextField(max_length=2000)
    steps = serializers.ListField(child=SweepStepSerializer(), max_length=MAX_TRIALS)


class BudgetItemSerializer(SubmittedSerializer):
    text = ExpectationField()
    met = serializers.ChoiceField(JUDGEMENTS)
    value = NumberField(min_value=0, default=None)
    low = NumberField(min_value=0, default=None)
    high = NumberField(min_value=0, default=None)
    message = TextField(max_length=MAX_MESSAGE, allow_blank=True, trim_whitespace=False, default="")


class BudgetSerializer(SubmittedSerializer):
    """`met` of the whole follows from the items."""

    met = serializers.ChoiceField(JUDGEMENTS, required=False)
    items = serializers.ListField(child=BudgetItemSerializer(), min_length=1, max_length=MAX_EXPECTATIONS)


class ImportedSerializer(SubmittedSerializer):
    """A result, with the keys of Result; details of its trials are not read."""

    id = JsonUUIDField(required=False, help_text="Posting the same id again changes nothing")
    timestamp = TimeField(source="at")
    framework = TextField(max_length=100)
    endpoint = TextField(max_length=500, allow_blank=True, default="/")
    method = TextField(max_length=MAX_METHOD, allow_blank=True, default="GET")
    generator = TextField(max_length=50, allow_blank=True, default="")
    label = TextField(max_length=200, allow_blank=True, default="")  # type: ignore[assignment] # Field.label is text
    saturation = TextField(max_length=30, allow_blank=True, default="")
    expect = ExpectationsField(required=False)
    budget = BudgetSerializer(required=False, help_text="What it does not judge is judged by the trials")
    validity = serializers.ChoiceField(VALIDITIES, required=False)
    state = serializers.ChoiceField(STATES, default="done")
    reasons = serializers.ListField(
        child=TextField(max_length=500, allow_blank=True), default=list, max_length=MAX_REASONS
    )
    sweep = SweepSerializer(required=False)

    def get_fields(self) -> dict[str, AnyField]:
        return {**super().get_fields(), **number_fields(RunParameters, Run), **number_fields(RunFigures, Run)}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The columns of a run."""
        validity, reasons = infer_validity(attrs)
        columns = {
            **attrs,
            "endpoint": attrs["endpoint"] or "/",
            "method": attrs["method"].upper()[:MAX_METHOD] or "GET",  # ß becomes SS
            "started_at": attrs["at"] - timedelta(seconds=min(attrs.get("duration_s", 0), 10**7)),
            "validity": attrs.get("validity", validity),
            "reasons": attrs["reasons"] or reasons,
            "trials_planned": attrs.get("trials_planned", 1),
        }
        if "sweep" in attrs:
            columns["profile"] = SWEEP  # which an export does not have
        if attrs["state"] == "done":  # an unfinished one may have no rate
            columns.setdefault("req_per_sec", 0)
        # Zero latencies of a run without responses are not measurements.
        if not attrs.get("total_requests") and not any(attrs.get(name) for name in LATENCY_COLUMNS):
            columns |= dict.fromkeys(LATENCY_COLUMNS)
        return columns | judged_columns(columns)


def judged_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    """`expect` and `budget` of a result that has one of them. What it does not judge itself is judged by its trials.

    Raises ValidationError for a budget that its own intervals do not show.
    """
    sent = parse_budget(columns.get("budget"))
    expectations = parse_stored(columns.get("expect") or [item.text for item in (sent.items if sent else ())])
    objection = object_to(columns["validity"], columns["reasons"])
    if sent and (contradiction := find_contradiction(expectations, sent, objection)):
        raise serializers.ValidationError({"budget": [contradiction]})
    resolution_us, rate = generators.resolution_us(columns["generator"]), columns.get("rate_per_second")
    trials = [trial for trial in columns.get("trials", ()) if not trial["is_warmup"]]
    run = BudgetInput(
        tuple(trial_of(trial, resolution_us) for trial in trials),
        objection,
        is_rate_lower_bound(columns["saturation"], columns.get("req_per_sec") or 0, rate),
    )
    budget = complete(expectations, sent, run)
    if budget is None:
        return {}
    return {"expect": [expectation.text for expectation in expectations], "budget": to_wire(budget)}


@extend_schema_serializer(component_name="Add")
class SubmittedResultSerializer(ImportedSerializer):
    """One result, with the keys of Result, and its details, as in runs/ID. `framework` and `reqPerSec` are required."""

    host = TextField(max_length=255, allow_blank=True, required=False)
    scheme = serializers.ChoiceField(SCHEMES, required=False)
    protocol = serializers.ChoiceField(PROTOCOLS, required=False)
    insecure = FlagField(required=False)
    tls = JsonObjectField(required=False)
    generatorVersion = TextField(max_length=100, allow_blank=True, required=False, source="generator_version")
    profile = TextField(max_length=20, allow_blank=True, required=False)
    connectionsUsed = WholeNumberField(min_value=0, max_value=MAX_INTEGER, required=False, source="connections_used")
    command = serializers.ListField(child=TextField(max_length=4096, allow_blank=True), required=False, max_length=200)
    environment = JsonObjectField(required=False)
    gates = serializers.ListField(child=GateSerializer(), required=False, max_length=MAX_GATES)
    samples = serializers.ListField(child=SampleField(), required=False, max_length=MAX_SAMPLES)
    trialResults = serializers.ListField(child=TrialSerializer(), default=list, max_length=MAX_TRIALS, source="trials")

    def get_fields(self) -> dict[str, AnyField]:
        fields = super().get_fields()
        fields["timestamp"].required, fields["timestamp"].allow_null = False, True
        fields["reqPerSec"].required, fields["reqPerSec"].allow_null = True, False
        return fields

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict) and data.get("timestamp") is None:
            data = {**data, "timestamp": self.context["now"]}
        return super().to_internal_value(data)

    def validate_trialResults(self, trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({trial["index"] for trial in trials}) < len(trials):
            raise serializers.ValidationError("Two trials have the same index.")
        return trials


def without_details(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry without its details, to be stored unchanged."""
    return {name: value for name, value in entry.items() if name not in DETAIL_FIELDS}
