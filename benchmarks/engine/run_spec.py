"""The parameters of a run, from the request or the command line to the row, the engine and the wire. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from system.lib.wire import Key


@dataclass(frozen=True, slots=True)
class RunParameters:
    """The parameters that clients see; the fields are columns of `Run`. `framework`: the name of the target; `host`:
    its host:port."""

    framework: str
    host: str
    endpoint: str
    method: str
    planned_duration_s: Annotated[float, Key("duration"), "seconds of a trial"]
    instances: int | None
    connections: int
    workers: int
    pipelining: int
    generator: str
    trials_planned: Annotated[int, Key("trials")]
    profile: str
    rate_per_second: Annotated[float | None, Key("rate"), "requested requests per second"]
    label: str


@dataclass(frozen=True, slots=True)
class RunSpec(RunParameters):
    """A run that can be executed. `address`: the IP address to which the host resolved; `body`: as sent."""

    address: str
    generator_version: str
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def conditions(self, connections_used: int | None) -> dict[str, object]:
        """What must be the same in two runs that are compared, by the names that the reasons mention."""
        return {
            "endpoint": self.endpoint,
            "method": self.method,
            "body": self.body,
            "generator": self.generator,
            "connections": connections_used or self.connections,
            "workers": self.workers,
            "pipelining": self.pipelining,
            "rate": self.rate_per_second,
            "instances": self.instances,
        }
