"""The parameters of a run, from the request or the command line to the row, the engine and the wire. [pure]"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from benchmarks.generators.scenario import SWEEP
from system.lib.wire import Key

SCHEMES = ("http", "https")
PROTOCOLS = ("http1", "h2")


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
    protocol: Annotated[str, "http1 or h2"]
    insecure: Annotated[bool, "whether the certificate is not to be verified"]
    expect: Annotated[Sequence[str], "the budget"]


@dataclass(frozen=True, slots=True)
class RunSpec(RunParameters):
    """A run that can be executed. `address`: the IP address that is connected to; `connect_port`: the port, if it is
    not that of `host`; `body`: as sent; `body_base64`: one that is not text; `expect_status`: empty for any 2xx."""

    address: str
    generator_version: str
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    connect_port: int | None = None
    scheme: str = "http"
    body_base64: str = ""
    expect_status: Sequence[int] = ()

    @property
    def port(self) -> int:
        """The port that is connected to."""
        return self.connect_port or int(self.host.rpartition(":")[2])

    @property
    def url(self) -> str:
        return target_url(self.scheme, self.host, self.endpoint)

    @property
    def content(self) -> bytes:
        """The body as sent."""
        return base64.b64decode(self.body_base64) if self.body_base64 else self.body.encode()

    @property
    def is_sweep(self) -> bool:
        return self.profile == SWEEP

    def conditions(self, connections_used: int | None) -> dict[str, object]:
        """What must be the same in two runs that are compared, by the names that the reasons mention."""
        return {
            "measurement": "a sweep" if self.is_sweep else "trials",
            "endpoint": self.endpoint,
            "method": self.method,
            "body": self.body or self.body_base64,
            "encryption": self.scheme == "https",
            "protocol": self.protocol,
            "generator": self.generator,
            "connections": connections_used or self.connections,
            "workers": self.workers,
            "pipelining": self.pipelining,
            "rate": self.rate_per_second,
            "instances": self.instances,
        }


def target_url(scheme: str, host: str, endpoint: str) -> str:
    """Of what was measured; empty for results whose host is not known."""
    return f"{scheme}://{host}{endpoint}" if host else ""
