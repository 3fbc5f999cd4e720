"""To which server a result goes, with or without the key, and what is kept when it is not accepted."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cli import delivery
from benchmarks.cli.destination import Server, find_exposure, read_environment
from benchmarks.cli.upload import Outbox, send_result
from benchmarks.errors import BadUsage, NotDelivered

ENTRY = {"id": "1", "framework": "fastify", "timestamp": "2026-11-26T10:00:00Z", "trialResults": [], "samples": []}


class Receiver(HTTPServer):
    """A server with the key `right`. `keys`: the keys of the requests so far."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: list[str | None] = []
        self.answer: dict[str, object] = {"success": True}
        self.status = 201
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers.get("X-API-Key")
        server.keys.append(key)
        is_right = key == "right"
        self._send(server.status if is_right else 401, server.answer if is_right else {"message": "No \x1b[31mkey."})

    def _send(self, status: int, answer: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "unsent")


@pytest.mark.parametrize(
    ("environ", "host", "server"),
    [
        ({}, "127.0.0.1:3001", Server("http://127.0.0.1:3100", "k")),
        ({}, "[::1]:3001", Server("http://[::1]:3100", "k")),
        ({}, None, Server("http://localhost:3100", "k")),
        ({}, "other:3002", Server("http://other:3100", "")),
        ({}, "10.1.2.3", Server("http://10.1.2.3:3100", "")),
        ({"API_SERVER": "other"}, "other:3002", Server("http://other:3100", "k")),
        ({"API_SERVER": "http://far:99/"}, "other:3002", Server("http://far:99", "k")),
        ({"API_SERVER": "https://far/bench/"}, None, Server("https://far/bench", "k")),
        ({"API_SERVER": " "}, None, Server("http://localhost:3100", "k")),
    ],
)
def test_the_key_goes_to_the_configured_server_or_to_this_machine(
    environ: dict[str, str], host: str | None, server: Server
) -> None:
    assert read_environment({"API_KEY": "k", **environ}, host).for_new_results() == server


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"API_SERVER": "file:///etc/passwd"}, "API_SERVER is 'file:///etc/passwd', which is not an address like"),
        ({"API_SERVER": "http://127.0.0.1:x"}, "API_SERVER is 'http://127.0.0.1:x', which is not an address: Port"),
        ({"API_SERVER": "http://a b"}, "API_SERVER is 'http://a b', which is not an address like"),
        ({"API_SERVER": "http://u:secret@far"}, "API_SERVER contains a user, query or fragment."),
        ({"API_KEY": "se\ncret"}, "API_KEY contains characters not allowed in an HTTP header."),
        ({"API_KEY": "…"}, "API_KEY contains characters not allowed in an HTTP header."),
    ],
)
def test_an_address_or_key_that_cannot_be_used_is_named_without_the_secret(
    environ: dict[str, str], reason: str
) -> None:
    with pytest.raises(BadUsage) as refused:
        read_environment(environ, None)

    assert str(refused.value).startswith(reason)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "key", "is_exposed"),
    [
        ("http://8.8.8.8:3100", "k", True),
        ("http://8.8.8.8:3100", "", False),
        ("https://8.8.8.8:3100", "k", False),
        ("http://192.168.1.100:3100", "k", False),
        ("http://[2001:4860:4860::8888]:3100", "k", True),
        ("http://no-such-host.invalid", "k", False),
    ],
)
def test_a_key_over_http_to_a_public_address_is_warned_of(url: str, key: str, is_exposed: bool) -> None:
    expected = f"API_KEY goes unencrypted to {url}, a public address. Use https, or a tunnel." if is_exposed else None

    assert find_exposure(Server(url, key)) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "http://10.9.9.9:3100",
            "API_KEY goes unencrypted through the proxy 10.1.1.1:3128. Use https, or NO_PROXY=10.9.9.9.",
        ),
        ("http://127.0.0.1:3100", None), ("http://bench.example:3100", None), ("https://10.9.9.9:3100", None),
    ],
)  # fmt: skip
def test_a_key_through_a_proxy_is_warned_of(monkeypatch: pytest.MonkeyPatch, url: str, expected: str | None) -> None:
    monkeypatch.setenv("http_proxy", "http://ada:secret@10.1.1.1:3128")
    monkeypatch.setenv("no_proxy", "bench.example")

    assert find_exposure(Server(url, "k")) == expected


@pytest.mark.parametrize(
    ("key", "credential"), [("", "API_KEY=KEY "), ("wrong", "API_KEY=KEY ")], ids=["no key", "another key"]
)
def test_a_refused_result_is_kept_and_the_line_that_delivers_it_is_printed(
    key: str, credential: str, receiver: Receiver, outbox: Outbox, capsys: pytest.CaptureFixture[str]
) -> None:
    delivery.deliver(ENTRY, outbox, read_environment({"API_SERVER": receiver.url, "API_KEY": key}, None))

    (file,) = outbox.folder.iterdir()
    assert json.loads(file.read_text()) == {"server": receiver.url, "entry": ENTRY}
    assert capsys.readouterr().err == (
        f"[ERROR] {receiver.url} did not accept the result: 401: No \\x1b[31mkey.\n"
        f"The result is saved in {file}. Send it with: "
        f"API_SERVER={receiver.url} {credential}python -m benchmarks --resend\n"
    )


def test_a_withheld_key_is_named_and_goes_along_once_the_server_is_configured(
    receiver: Receiver, outbox: Outbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.cli.destination.is_this_machine", lambda url: False)
    outbox.save(ENTRY, receiver.url)

    assert not delivery.resend(outbox, read_environment({"API_KEY": "right"}, None))
    assert f'Send it with: API_SERVER={receiver.url} API_KEY="$API_KEY" python -m' in capsys.readouterr().err
    assert delivery.resend(outbox, read_environment({"API_KEY": "right", "API_SERVER": receiver.url}, None))
    assert (receiver.keys, list(outbox.folder.iterdir())) == ([None, "right"], [])


def test_saved_results_go_to_the_server_that_they_were_meant_for(
    receiver: Receiver, outbox: Outbox, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, url in enumerate(("http://127.0.0.1:9", "http://127.0.0.1:9", receiver.url, "file:///x")):
        outbox.save({**ENTRY, "id": str(number)}, url)

    assert not delivery.resend(outbox, read_environment({"API_KEY": "right"}, None))

    assert sorted(file.stem for file in outbox.folder.iterdir()) == ["0", "1", "3"]
    lines = [line.split(": ")[0] for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        "[ERROR] http://127.0.0.1:9 did not accept the result",
        f"The result is still saved in {outbox.folder / '0.json'}. Send it with",
        f"Sent the result of fastify, 2026-11-26T10:00:00Z, to {receiver.url}.",
        f"[ERROR] {outbox.folder / '3.json'}",
    ]


def test_a_result_that_the_server_refuses_does_not_keep_back_the_others(receiver: Receiver, outbox: Outbox) -> None:
    receiver.status, receiver.answer = 400, {"message": "Invalid."}
    for number in range(2):
        outbox.save({**ENTRY, "id": str(number)}, receiver.url)

    assert not delivery.resend(outbox, read_environment({"API_KEY": "right"}, None))

    assert len(receiver.keys) == 2


def test_another_program_that_answers_does_not_count_as_delivered(receiver: Receiver) -> None:
    receiver.answer = {"page": "Log in"}

    with pytest.raises(NotDelivered, match="its answer is not that of pm2site"):
        send_result(ENTRY, Server(receiver.url, "right"))


def test_an_unreachable_server_raises_not_delivered() -> None:
    with pytest.raises(NotDelivered) as refused:
        send_result(ENTRY, Server("http://127.0.0.1:9", "secret"))

    assert str(refused.value) == "http://127.0.0.1:9 did not accept the result: Connection refused."


def test_the_key_does_not_appear_in_the_representation() -> None:
    assert repr(Server("http://far", "secret")) == "Server('http://far', key='***')"
