"""The host's answers, described for OpenAPI."""

from __future__ import annotations

from rest_framework import serializers


class SystemStatsSerializer(serializers.Serializer[object]):
    cpu = serializers.FloatField(help_text="Percent, all cores together")
    memory = serializers.FloatField(help_text="Used, MB of 2^20 bytes")
    totalMemory = serializers.FloatField(help_text="MB")
    uptime = serializers.CharField(help_text="For people: `2d 3h 45m`")
    loadAvg = serializers.CharField(help_text="For people: `1.23 1.45 1.12`")
    timestamp = serializers.DateTimeField(help_text="When it was sampled")
    cpuPerCore = serializers.ListField(child=serializers.FloatField(), help_text="Percent")
    cpuCount = serializers.IntegerField()
    memoryPercent = serializers.FloatField()
    swapBytes = serializers.IntegerField()
    swapTotalBytes = serializers.IntegerField()
    diskPercent = serializers.FloatField(help_text="Of the file system that the server lives on")
    diskFreeBytes = serializers.IntegerField()
    networkInBytesPerSecond = serializers.FloatField(help_text="All interfaces but loopback")
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
    availableMemory = serializers.FloatField(help_text="MB that programs can get without swapping")
    freeMemory = serializers.FloatField(help_text="MB that nothing uses, caches included")
    percent = serializers.FloatField()
    timestamp = serializers.DateTimeField()
