"""Requests that a generator cannot send, and headers that nobody may see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import generators
from benchmarks.errors import InvalidRunRequest
from benchmarks.generators import choose_generator, h2load, wrk
from benchmarks.generators.scenario import Scenario
from benchmarks.generators.secret_headers import is_secret, masked

SCENARIO = Scenario(
    "http://127.0.0.1:3002/simple", "GET", (("Host", "localhost:3002"), ("Authorization", 'Bearer "s3cret"')), b"", 1, 2, 1, 1
)  # fmt: skip


@pytest.mark.parametrize(
    "name", ["Authorization", "cookie", "Proxy-Authorization", "X-API-Key", "x-auth-token", "X-Session"]
)
def test_credentials_are_masked(name: str) -> None:
    assert is_secret(name)
    assert masked({name: "s3cret", "Accept": "a/b"}) == {name: "***", "Accept": "a/b"}


def test_wrk_gets_credentials_by_its_script_only() -> None:
    argv, script = wrk.argv(SCENARIO, ["wrk"], "/tmp/x"), wrk.input_content(SCENARIO)
    quoted = "".join(f"\\{byte:03d}" for byte in b'Bearer "s3cret"')

    assert [text for text in argv if "s3cret" in text] == []
    assert argv[-3:] == ["-H", "Host: localhost:3002", SCENARIO.url]
    assert script is not None
    assert (
        f'wrk.headers["{"".join(f"{chr(92)}{byte:03d}" for byte in b"Authorization")}"] = "{quoted}"' in script.decode()
    )


@pytest.mark.parametrize(
    ("name", "headers", "protocol", "expected"),
    [
        ("h2load", {"Cookie": "a=b"}, "http1", ("headers", "secret_header_needs_argv")),
        ("h2load", {"Cookie": "a=b"}, "h2", ("headers", "secret_header_needs_argv")),
        ("wrk", {"Cookie": "a=b"}, "h2", ("headers", "secret_header_needs_argv")),
        ("autocannon", {"authorization": "x"}, "http1", None),
        ("wrk", {"Cookie": "a=b"}, "http1", None),
        ("h2load", {"Accept": "a/b"}, "h2", None),
        ("wrk", {}, "h2", ("protocol", "bad_request")),
        ("autocannon", {}, "h2", ("protocol", "bad_request")),
    ],
)
def test_what_a_generator_cannot_send_is_refused(
    name: str, headers: dict[str, str], protocol: str, expected: tuple[str, str] | None
) -> None:
    refusal = generators.refusal(name, headers, protocol)

    assert (refusal and (refusal[0], refusal[2])) == expected
    assert refusal is None or InvalidRunRequest(*refusal).code == refusal[2]


def test_h2load_does_not_turn_a_get_with_a_body_into_a_post() -> None:
    assert "--header=:method: GET" in h2load.argv(replace(SCENARIO, body=b"{}"), ["h2load"], "/tmp/x")
    assert "--header=:method: GET" not in h2load.argv(SCENARIO, ["h2load"], "/tmp/x")


def test_another_generator_is_chosen_unless_one_is_requested() -> None:
    names = ["h2load", "autocannon"]

    assert choose_generator(names, None, unsuitable=["h2load"]) == "autocannon"
    assert choose_generator(names, "h2load", unsuitable=["h2load"]) == "h2load"
    assert choose_generator(["h2load"], None, unsuitable=["h2load"]) == "h2load"


def test_a_status_line_without_a_whole_response_is_no_success() -> None:
    report = (
        "finished in 1.00s, 4.00 req/s, 1KB/s\nrequests: 4 total, 4 started, 0 done, 4 succeeded, 0 failed, 0 errored, 0 timeout\n"
        "status codes: 4 2xx, 0 3xx, 0 4xx, 0 5xx\ntraffic: 1KB (1024) total, 0B (0) headers\n"
    )

    measurement = h2load.parse(report)
    assert (measurement.responses, measurement.successes, measurement.rate) == (0, 0, 0.0)
    assert replace(measurement, duration_s=0).rate == 0.0
