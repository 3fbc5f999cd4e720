"""Asks the target once, before and after the load: is it there, and does it answer what it should? [io: HTTP]"""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from benchmarks.engine.probe import keys_of
from benchmarks.errors import PreflightFailed

DEADLINE_S = 5.0
FILL = 100
SHOWN_CHARACTERS = 200
BODY_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Answer:
    """What the target said. `wire_bytes`: the whole answer with its status line and headers.

    `keys`: of a JSON object; `odd`: what an answer that others can be compared with would not have, in sentences.
    """

    status: int
    content_type: str
    server: str
    date: str
    body_bytes: int
    body_sha256: str
    body_start: str
    wire_bytes: int
    keys: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: a URL with an IP address, and the rest as the generator will send it."""

    url: str
    method: str
    headers: Mapping[str, str]
    body: str

    @property
    def path(self) -> str:
        """With the query."""
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")


def ask(asked: Asked) -> Answer:
    """One request on a connection of its own. Redirects are not followed. Raises PreflightFailed."""
    parts = urlsplit(asked.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=DEADLINE_S)
    try:
        connection.request(asked.method, asked.path, asked.body.encode() or None, dict(asked.headers))
        response = connection.getresponse()
        return _answer(response, response.read(BODY_BYTES))
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise PreflightFailed(f"{asked.method} {asked.url} was not answered: {reason}.") from error
    finally:
        connection.close()


def _answer(response: http.client.HTTPResponse, body: bytes) -> Answer:
    headers = response.getheaders()
    head = len(f"HTTP/1.1 {response.status} {response.reason}\r\n\r\n")
    return Answer(
        status=response.status,
        content_type=response.getheader("Content-Type") or "",
        server=response.getheader("Server") or "",
        date=response.getheader("Date") or "",
        body_bytes=len(body),
        body_sha256=hashlib.sha256(body).hexdigest(),
        body_start=body[:SHOWN_CHARACTERS].decode(errors="replace"),
        wire_bytes=head + sum(len(name) + len(value) + 4 for name, value in headers) + len(body),
        keys=keys_of(body),
        odd=tuple(_oddities(response, body)),
    )


def _oddities(response: http.client.HTTPResponse, body: bytes) -> Iterator[str]:
    """After TechEmpower's verifications: an answer that leaves out what others send is cheaper than theirs."""
    for name in ("Content-Type", "Date"):
        if response.getheader(name) is None:
            yield f"The target's answer has no {name} header."
    if response.getheader("Content-Length") is None and response.getheader("Transfer-Encoding") is None:
        yield "The target's answer says neither Content-Length nor Transfer-Encoding."
    if response.will_close:
        yield "The target closes the connection after each answer: connections are measured, not answers."
    if not body and response.status != HTTPStatus.NO_CONTENT:
        yield "The target's answer is empty."


def verify(asked: Asked, needs: tuple[str, ...]) -> Answer:
    """The answer, if it is fit to be measured; an empty store is filled first. Raises PreflightFailed."""
    answer = ask(asked)
    if answer.status == 404 and "codes" in needs:
        _fill(asked)
        answer = ask(asked)
    if not 200 <= answer.status < 300:
        hint = " It needs Redis: start one, or set up the cluster." if "redis" in needs else ""
        raise PreflightFailed(
            f"{asked.method} {asked.url} answers {answer.status}, not 2xx: {answer.body_start!r}.{hint}"
        )
    return answer


def _fill(asked: Asked) -> None:
    """Store codes through the target itself, so that there is something to read."""
    parts = urlsplit(asked.url)
    headers = {**asked.headers, "Content-Type": "application/json"}
    post = Asked(f"{parts.scheme}://{parts.netloc}/code", "POST", headers, json.dumps({"name": "benchmark"}))
    for _ in range(FILL):
        answer = ask(post)
        if answer.status != 201:
            raise PreflightFailed(
                f"{asked.url} has nothing to read, and POST /code answers {answer.status} instead of 201: "
                f"{answer.body_start!r}. It needs Redis: start one, or set up the cluster."
            )


def is_constant(asked: Asked, first: Answer) -> bool:
    """Whether the target gives the same body again. Raises PreflightFailed."""
    return asked.method in ("GET", "HEAD") and ask(asked).body_sha256 == first.body_sha256


def changed(before: Answer, after: Answer, *, same_body: bool) -> str | None:
    """A sentence when the target answers otherwise after the load than before it."""
    if after.status != before.status:
        return f"After the load the target answered {after.status} instead of {before.status}."
    if after.content_type != before.content_type:
        return f"After the load the answer was {after.content_type!r} instead of {before.content_type!r}."
    if same_body and after.body_sha256 != before.body_sha256:
        return "After the load the target answered another body than before."
    if after.keys != before.keys:
        return "After the load the answer had other keys than before."
    return None
