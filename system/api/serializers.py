"""Response schemas of `/api/system`, for OpenAPI."""

from __future__ import annotations

from rest_framework import serializers


class SystemStatsSerializer(serializers.Serializer[object]):
    cpu = serializers.FloatField(help_text="Percent, all cores together")
    memory = serializers.FloatField(help_text="Used, MB of 2^20 bytes")
    totalMemory = serializers.FloatField(help_text="MB")
    uptime = serializers.CharField(help_text="Human-readable: `2d 3h 45m`")
    loadAvg = serializers.CharField(help_text="Human-readable: `1.23 1.45 1.12`")
    timestamp = serializers.DateTimeField(help_text="Time of the sample")
    cpuPerCore = serializers.ListField(child=serializers.FloatField(), help_text="Percent")
    cpuCount = serializers.IntegerField()
    memoryPercent = serializers.FloatField()
    swapBytes = serializers.IntegerField()
    swapTotalBytes = serializers.IntegerField()
    diskPercent = serializers.FloatField(help_text="Of the file system that contains the server")
    diskFreeBytes = serializers.IntegerField()
    networkInBytesPerSecond = serializers.FloatField(help_text="All interfaces except loopback")
    networkOutBytesPerSecond = serializers.FloatField()
    uptimeSeconds = serializers.FloatField()
    loadAverage = serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3)
    hostname = serializers.CharField()
    platform = serializers.CharField()
    nodeVersion = serializers.CharField(allow_null=True)
    pythonVersion = serializers.CharField()


class CpuSerializer(serializers.Serializer[object]):
    cpu = serializers.FloatField(help_text="Percent")
    perCore = serializers.ListField(child=serializers.FloatField(), help_text="Percent")
    timestamp = serializers.DateTimeField()


class MemorySerializer(serializers.Serializer[object]):
    totalMemory = serializers.FloatField(help_text="MB of 2^20 bytes")
    usedMemory = serializers.FloatField(help_text="MB")
    availableMemory = serializers.FloatField(help_text="MB available to programs without swapping")
    freeMemory = serializers.FloatField(help_text="MB not used at all, not even by caches")
    percent = serializers.FloatField()
    timestamp = serializers.DateTimeField()
