"""`/api/system`: the host."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from system.host import host_sampler
from system.host.metrics import CpuStats, HostStats, MemoryStats
from system.lib.wire import to_wire
from system.lib.wire_serializers import name_components, response_schema

name_components({HostStats: "SystemStats", CpuStats: "Cpu", MemoryStats: "Memory"})


@extend_schema(tags=["system"])
class SystemViewSet(ViewSet):
    @extend_schema(responses=response_schema(HostStats))
    @action(detail=False)
    def stats(self, request: Request) -> Response:
        """CPU, memory, swap, disk, network and load of the host."""
        return Response(to_wire(async_to_sync(host_sampler.sample)()))

    @extend_schema(responses=response_schema(CpuStats))
    @action(detail=False)
    def cpu(self, request: Request) -> Response:
        """CPU of the host, together and per core."""
        return Response(to_wire(async_to_sync(host_sampler.sample_cpu)()))

    @extend_schema(responses=response_schema(MemoryStats))
    @action(detail=False)
    def memory(self, request: Request) -> Response:
        """Memory of the host."""
        return Response(to_wire(async_to_sync(host_sampler.sample_memory)()))
