"""A target and its endpoints, as they are kept, edited and sent. [pure]"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from benchmarks.engine.address import PATH_CHARACTERS

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")

# A request target of RFC 9112, 3.2.1: anything else has to be percent-encoded. A run's column holds 500 characters.
PATH = re.compile(rf"/[{PATH_CHARACTERS}]{{0,499}}")
SECRET: Mapping[str, bool] = {"secret": True}
CLEARED: Mapping[str, bool] = {"secret": True, "missing": True}
HeaderValue = str | Mapping[str, bool]


class TargetSource(StrEnum):
    """Where a target is known from."""

    FRAMEWORK = "framework"
    PM2 = "pm2"
    URL = "url"
    DISCOVERED = "discovered"


@dataclass(frozen=True, slots=True)
class TargetEndpoint:
    """One request. A value of `headers` is text, SECRET for one that is kept encrypted, or CLEARED for one that has to
    be set again. `expect_status`: empty for any 2xx; `expect`: the default budget."""

    path: str
    method: str = "GET"
    headers: Annotated[Mapping[str, HeaderValue], dict, "name → text, or `{secret: true}`"] = field(
        default_factory=dict
    )
    body: str = ""
    body_base64: str = ""
    content_type: str = ""
    expect_status: Sequence[int] = ()
    description: str = ""
    expect: Sequence[str] = ()

    @property
    def key(self) -> str:
        """What distinguishes it from the others of its target."""
        return f"{self.method} {self.path}"

    @property
    def content(self) -> bytes:
        return base64.b64decode(self.body_base64) if self.body_base64 else self.body.encode()


@dataclass(frozen=True, slots=True)
class Target:
    """`pm2`: name of the processes under PM2; `url`: scheme, host and port; `connect`: host:port that is connected to
    in place of those of the URL; `ports`: on which its processes listen, or those that a person has given."""

    name: str
    source: Annotated[TargetSource, str]
    pm2: str | None = None
    url: str | None = None
    connect: str | None = None
    ports: Sequence[int] = ()
    insecure: bool = False
    protocol: Annotated[str, "http1 or h2"] = "http1"
    running: Annotated[bool | None, "null for a URL: it is not known"] = None
    endpoints: Sequence[TargetEndpoint] = (TargetEndpoint("/"),)

    def endpoint(self, path: str, method: str | None) -> TargetEndpoint | None:
        """The kept endpoint of a path; without a method GET before others."""
        matches = [known for known in self.endpoints if known.path == path and method in (None, known.method)]
        return next((known for known in matches if known.method == "GET"), matches[0] if matches else None)
