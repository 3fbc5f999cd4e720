"""Why a response cannot be measured, and what to do. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

from benchmarks.connections.target_request import Response, TargetRequest, expectation
from benchmarks.generators.secret_headers import has_secrets, redact
from system.lib.text import printable

MAX_LOCATION_LENGTH = 200


def describe(request: TargetRequest, response: Response, body_start: str, secrets: Sequence[str]) -> str:
    """A sentence for an unexpected status."""
    status = response.status
    expected = expectation(request.expected_statuses)
    subject = f"{request.method} {request.shown_url} responds with {status}"
    location = response.headers.get("location", "")
    upgrade = printable(redact(response.headers.get("upgrade", ""), secrets)[:MAX_LOCATION_LENGTH])
    if 300 <= status < 400 and location:
        return f"{subject} and leads to {_redirect(request, status, location, secrets)}"
    if status in (101, 426):
        return (
            f"{subject}: it is for {upgrade or 'another protocol'}, not for HTTP requests."
            " Measure an endpoint that responds without an upgrade."
        )
    return f"{subject}, not {expected}: {body_start!r}.{_advice(request, response)}"


def _redirect(request: TargetRequest, status: int, location: str, secrets: Sequence[str]) -> str:
    """Where it leads, and how to measure that."""
    here = request.url_with_host
    try:
        target = urljoin(here, location)
        ours, theirs = urlsplit(here), urlsplit(target)
    except ValueError:  # brackets that hold no IP address
        return f"{printable(redact(location, secrets)[:MAX_LOCATION_LENGTH])!r}, which is not a URL."
    address = printable(redact(target, secrets)[:MAX_LOCATION_LENGTH])
    how = f"url {address} (on the command line: --target NAME={address})"
    if (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc):
        how = f"the endpoint {address.removeprefix(f'{ours.scheme}://{ours.netloc}')}"
    itself = f"put {status} into its expectStatus, to measure the redirect itself"
    return f"{address}. Measure that instead, with {how}; or {itself}."


def _advice(request: TargetRequest, response: Response) -> str:
    names = {name.lower() for name in request.headers}
    if response.status in (401, 403, 407):
        if has_secrets(request.headers):
            return " It refuses the credential that was sent: check headers."
        return " It needs a credential: give it in headers, e.g. Authorization."
    if response.status == 406 and "accept-encoding" not in names:
        return " It may need a header such as Accept-Encoding: gzip, or Accept: give it in headers."
    if response.status == 415:
        return " It expects another Content-Type: give it in headers."
    if response.status == 421:
        return " It serves another name: use it in the URL."
    return ""
