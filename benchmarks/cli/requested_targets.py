"""What a command line measures: `-f NAME`, `--target NAME=URL`, headers and body. [io: name resolution, files]"""

from __future__ import annotations

import argparse
import base64
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine import address
from benchmarks.engine.address import TargetAddress, TargetUrl
from benchmarks.errors import BadUsage, InvalidTargetAddress
from benchmarks.generators import header_rules
from pm2.errors import UnknownFramework
from pm2.frameworks.registry import registry

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_BODY = 2**20
MAX_HEADER_FILE = 64 * 1024


@dataclass(frozen=True, slots=True)
class RequestedTarget:
    """`authority`: host:port for the Host header and TLS; `address`: what is connected to; `path`: of the URL, None for
    a framework, whose endpoint is another option."""

    name: str
    scheme: str
    authority: str
    address: TargetAddress
    path: str | None = None

    @property
    def connect_port(self) -> int | None:
        """None if it is that of the authority."""
        port = self.address.port
        return None if self.authority.endswith(f":{port}") else port


def requested_targets(options: argparse.Namespace) -> tuple[RequestedTarget, ...]:
    """Those of -f, then those of --target. Raises BadUsage, InvalidTargetAddress."""
    names = [name for argument in options.framework for name in argument.split(",") if name]
    if options.connect and not options.target:
        raise BadUsage("--connect is for --target NAME=URL.")
    if options.target and not names and options.host:
        raise BadUsage("-H is for -f. The address of --target NAME=URL is in its URL, or in --connect.")
    targets = [_of_framework(name, options.host, len(names)) for name in names]
    targets += [_of_url(text, options.connect) for text in options.target]
    for index, target in enumerate(targets):
        if any(target.name == other.name for other in targets[:index]):
            raise BadUsage(f"Two targets are named {target.name}. Give each its own name, by --target NAME=URL.")
    return tuple(targets)


def _of_framework(name: str, host: str | None, count: int) -> RequestedTarget:
    try:
        port: int | None = registry().framework(name).port
    except UnknownFramework:
        port = None
    text = host or "localhost"
    if port is None and ":" not in text:
        hint = f"-H {text}:PORT, or --target {name}=http://{text}:PORT/."
        raise InvalidTargetAddress(text, f"{name} is not in the registry, so a port is required: {hint}")
    if count > 1 and address.parse_host_port(text, port)[1] != port:
        raise BadUsage("Several frameworks cannot share one port. Omit the port from -H, or use --target NAME=URL.")
    hostname, port = address.parse_host_port(text, port)
    resolved = TargetAddress(hostname, str(address.resolve(hostname, text)[0]), port, is_outside_pm2=True)
    return RequestedTarget(name, "http", resolved.authority, resolved)


def _of_url(text: str, connect: str | None) -> RequestedTarget:
    name, separator, url_text = text.partition("=")
    if not separator or not NAME.fullmatch(name):
        raise BadUsage(f"--target {text[:100]!r} is not NAME=URL, such as api=http://127.0.0.1:8080/orders.")
    url: TargetUrl = address.parse_url(url_text)
    host, port = address.parse_host_port(connect, url.port) if connect else (url.host, url.port)
    resolved = str(address.resolve(host, connect or url.authority)[0])
    target = TargetAddress(url.host, resolved, port, is_outside_pm2=True)
    return RequestedTarget(name, url.scheme, url.authority, target, url.path)


def read_headers(arguments: list[str]) -> dict[str, str]:
    """`NAME:VALUE`, or `@FILE` with one on each line, so that a credential is in no command line. Raises BadUsage."""
    headers: list[tuple[str, str]] = []
    for line in _header_lines(arguments):
        name, separator, value = line.partition(":")
        if not separator:
            raise BadUsage(f"--header {line[:100]!r} is not NAME:VALUE.")
        name, value = name.strip(), value.strip()
        if problem := header_rules.name_problem(name) or header_rules.value_problem(name, value):
            raise BadUsage(f"--header: {problem}")
        headers.append((name, value))
    if problem := header_rules.names_problem([name for name, _ in headers]):
        raise BadUsage(f"--header: {problem}")
    return dict(headers)


def _header_lines(arguments: list[str]) -> Iterator[str]:
    for argument in arguments:
        if argument.startswith("@"):
            content = _read_file("--header", argument[1:], MAX_HEADER_FILE)
            yield from (line for line in content.decode(errors="replace").splitlines() if line.strip())
        else:
            yield argument


@dataclass(frozen=True, slots=True)
class Body:
    """A body as text, or in base64 if it is not UTF-8."""

    text: str = ""
    base64: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.text and not self.base64


def read_body(argument: str | None) -> Body:
    """`TEXT`, `@FILE`, or `-` for stdin. Raises BadUsage."""
    if argument is None:
        return Body()
    if argument == "-":
        content = sys.stdin.buffer.read(MAX_BODY + 1)
    elif argument.startswith("@"):
        content = _read_file("--body", argument[1:], MAX_BODY)
    else:
        content = argument.encode(errors="surrogateescape")
    if len(content) > MAX_BODY:
        raise BadUsage("--body is larger than 1 MiB.")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return Body(base64=base64.b64encode(content).decode())
    return Body(text) if "\x00" not in text else Body(base64=base64.b64encode(content).decode())


def _read_file(option: str, path: str, limit: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise BadUsage(f"{option} @{path}: {getattr(error, 'strerror', None) or error}.") from error
    if len(content) > limit:
        raise BadUsage(f"{option} @{path} is larger than {limit // 1024} KiB.")
    return content
