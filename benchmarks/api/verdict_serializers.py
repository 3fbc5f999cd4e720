"""Serializers of comparisons and baselines."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from system.lib.fields import QuerySerializer, TextField


class CompareSerializer(serializers.Serializer[Any]):
    base = TextField(max_length=64, help_text="The id of a finished run, or `baseline`")
    new = TextField(max_length=64)


class CompareQuery(QuerySerializer, CompareSerializer):
    pass


class NameBaselineSerializer(serializers.Serializer[Any]):
    reason = TextField(
        required=False, max_length=200, allow_blank=True, default="", help_text="Why this run was chosen"
    )
