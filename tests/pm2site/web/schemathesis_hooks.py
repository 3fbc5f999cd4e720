"""Loaded by schemathesis: how to generate what the OpenAPI document states in words only."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

import django
import schemathesis
from hypothesis import strategies as st

django.setup()  # before the imports of models

from rest_framework.serializers import ValidationError  # noqa: E402

from benchmarks.analysis import histogram  # noqa: E402
from benchmarks.budgets.expectation import EXAMPLES  # noqa: E402
from benchmarks.history.queries import encode_cursor  # noqa: E402
from benchmarks.targets.request_fields import HeadersField  # noqa: E402

# Of the years of the format, those that the time of a result can have.
times = st.datetimes(datetime(1991, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))
cursors = st.tuples(times, st.builds(uuid.UUID, int=st.integers(0, 2**128 - 1))).map(encode_cursor)
histograms = st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 9)), min_size=1, max_size=5).map(
    lambda pairs: histogram.encode(tuple(pairs))
)
schemathesis.openapi.format("date-time", times.map(lambda moment: moment.isoformat().replace("+00:00", "Z")))
schemathesis.openapi.format("cursor", cursors)
schemathesis.openapi.format("hdrhistogram", histograms)
schemathesis.openapi.format("expectation", st.sampled_from([*EXAMPLES.values(), "rate>1", "max >= 1.5 s", "cpu<1ms"]))
HTTP_HEADERS = {
    "host", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "content-encoding", "content-length",
    "transfer-encoding", "expect", "connection", "upgrade",
}  # fmt: skip
_numbers = itertools.count()


@schemathesis.hook
def filter_body(context: Any, body: Any) -> bool:
    """Leaves out valid headers with a name that HTTP does not allow, and trials of a result with the same index."""
    if not isinstance(body, dict):
        return True
    headers, trials = body.get("headers"), body.get("trialResults")
    if isinstance(headers, dict):
        try:
            HeadersField().run_validation(dict.fromkeys(headers, ""))
        except ValidationError:
            return False
    if not isinstance(trials, list):
        return True
    indices = [str(trial.get("index")) for trial in trials if isinstance(trial, dict)]
    return len(set(indices)) == len(indices)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """A budget that is sent claims nothing that its random intervals would contradict."""
    budget = body.get("budget") if isinstance(body, dict) else None
    items = budget.get("items") if isinstance(budget, dict) else None
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and item.get("met") in ("met", "missed"):
            item["met"] = "not_shown"
    return body


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """As from a proxy that the server trusts: every request has an address of its own, since one address may send ten wrong
    keys a minute. Random headers that would change where a request goes or how its body is read are left out."""
    number = next(_numbers)
    for name in [name for name in case.headers if name.lower() in HTTP_HEADERS]:
        del case.headers[name]
    case.headers["X-Forwarded-For"] = f"192.0.{number // 250 % 250}.{number % 250 + 1}"
