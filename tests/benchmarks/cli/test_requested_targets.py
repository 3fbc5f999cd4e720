"""Targets, headers and bodies on the command line."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cli.arguments import CliOptions, parse_options
from benchmarks.cli.conclusion import foreseen_obstacles
from benchmarks.cli.requested_targets import Body, read_body
from benchmarks.errors import BadUsage, InvalidTargetAddress

SECRET = "Authorization: Bearer hush-hush-1"


def parse(*argv: str) -> CliOptions:
    return parse_options(argv, confirm=lambda question: True)


def spec(*argv: str) -> Any:
    (plan,) = parse(*argv).plans
    return plan.spec


@pytest.mark.real
def test_each_target_has_an_address_of_its_own() -> None:
    options = parse(
        "--target", "api=http://127.0.0.1:8080/orders?page=2", "--target", "next=http://[::1]/orders", "-n", "5"
    )

    specs = [plan.spec for plan in options.plans]
    assert [(one.framework, one.url, one.address, one.port, one.trials_planned) for one in specs] == [
        ("api", "http://127.0.0.1:8080/orders?page=2", "127.0.0.1", 8080, 5),
        ("next", "http://[::1]:80/orders", "::1", 80, 5),
    ]
    assert [(target.address, target.port) for target in options.targets] == [("127.0.0.1", 8080), ("::1", 80)]


@pytest.mark.real
def test_the_name_of_the_url_and_the_address_that_is_connected_to_are_apart() -> None:
    run = spec("--target", "api=http://api.test/orders", "--connect", "127.0.0.1:8080")

    assert (run.host, run.address, run.connect_port, run.port) == ("api.test:80", "127.0.0.1", 8080, 8080)


@pytest.mark.real
def test_headers_and_body_are_sent_and_a_body_is_posted(tmp_path: Path) -> None:
    headers, body = tmp_path / "headers", tmp_path / "body"
    headers.write_text(f"{SECRET}\n\nX-Trace: 1\n")
    body.write_bytes(b"\xff\x00")
    target = ("--target", "api=http://127.0.0.1:8080/")

    run = spec(*target, "--header", f"@{headers}", "--header", "Accept: */*", "--body", "{}", "--generator", "wrk")
    binary = spec(*target, "--body", f"@{body}", "-m", "PUT")

    assert run.headers == {"Authorization": "Bearer hush-hush-1", "X-Trace": "1", "Accept": "*/*"}
    assert (run.method, run.body, spec(*target).method) == ("POST", "{}", "GET")
    assert (binary.method, binary.content) == ("PUT", b"\xff\x00")


def test_a_body_is_read_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("größer".encode())))

    assert read_body("-") == Body("größer")


@pytest.mark.real
@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ([], "-f NAME or --target NAME=URL is required."),
        (["--target", "http://a/"], "is not NAME=URL"),
        (["--target", "a b=http://127.0.0.1/"], "is not NAME=URL"),
        (["--target", "a=127.0.0.1:80"], "a URL begins with http:// or https://"),
        (["--target", "a=http://u:p@127.0.0.1/"], "send a header, such as Authorization"),
        (["--target", "a=http://127.0.0.1:70000/"], "it is not a URL"),
        (
            ["--target", "a=http://127.0.0.1/", "--target", "a=http://127.0.0.1/"],
            "Two targets are named a. Give each its own name, by --target NAME=URL.",
        ),
        (["--target", "a=http://127.0.0.1/", "-e", "/x"], "The path of --target NAME=URL is in its URL."),
        (["--target", "a=http://127.0.0.1/", "-H", "b"], "-H is for -f."),
        (["-f", "fastify", "--connect", "b"], "--connect is for --target NAME=URL."),
        (["--target", "a=http://127.0.0.1/", "--connect", "b:c"], "it is not host or host:port"),
        (["--target", "a=http://127.0.0.1/", "--header", "X"], "'X' is not NAME:VALUE."),
        (["--target", "a=http://127.0.0.1/", "--header", "Host: b"], "'Host' is not a header that can be set."),
        (["--target", "a=http://127.0.0.1/", "--header", "X: a\r\nY: b"], "The value of X is not printable ASCII."),
        (
            ["--target", "a=http://127.0.0.1/", "--header", "X: a", "--header", "x: b"],
            "Two headers have the same name.",
        ),
        (
            ["--target", "a=http://127.0.0.1/", "--header", "@/nothing"],
            "--header @/nothing: No such file or directory.",
        ),
        (["--target", "a=http://127.0.0.1/", "--body", "@/"], "--body @/: Is a directory."),
        (
            ["--target", "a=http://127.0.0.1/", "--protocol", "h2", "--generator", "autocannon"],
            "--protocol: autocannon does not speak HTTP/2. Use h2load.",
        ),
        (
            ["--target", "a=http://127.0.0.1/", "--protocol", "h2", "--header", SECRET],
            "--header: h2load takes headers only from its command line, which every user of its machine can read.",
        ),
        (["--target", "a=http://127.0.0.1/", "--body", "x" * (2**20 + 1)], "--body is larger than 1 MiB."),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(argv: list[str], sentence: str) -> None:
    with pytest.raises((BadUsage, InvalidTargetAddress)) as caught:
        parse(*argv)

    assert sentence in str(caught.value)


@pytest.mark.real
@pytest.mark.parametrize(
    ("argv", "sentences"),
    [
        (["--target", "b=http://127.0.0.1:2/x", "-n", "5"], []),
        (["--target", "b=http://127.0.0.1:2/x", "--profile", "standard"], []),
        (
            ["--target", "b=http://127.0.0.1:2/y", "-n", "1"],
            [
                "No verdict will follow on b and a. They differ in endpoint: /x and /y. It takes at least 4 trials: "
                "-n 5, or --profile standard."
            ],
        ),
    ],
)
def test_obstacles_to_a_verdict_are_named_before_the_measurement(argv: list[str], sentences: list[str]) -> None:
    plans = parse("--target", "a=http://127.0.0.1:1/x", *argv).plans

    assert foreseen_obstacles([plan.spec for plan in plans]) == sentences
