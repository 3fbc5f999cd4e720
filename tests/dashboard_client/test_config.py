"""Server addresses and environment variables: accepted forms, and errors that name the variable."""

from __future__ import annotations

import pytest

from dashboard_client.config import Config, from_environment, parse_server_url
from dashboard_client.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://localhost:3100", "http://localhost:3100"),
        ("http://localhost:3100/", "http://localhost:3100"),
        ("192.168.1.100", "http://192.168.1.100:3100"),
        ("bench-1:8000", "http://bench-1:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("https://ops.example/pm2/", "https://ops.example/pm2"),
    ],
)
def test_an_address_may_be_short(text: str, expected: str) -> None:
    assert parse_server_url(text) == expected


@pytest.mark.parametrize(
    "text",
    ["ftp://x", "http://", "http://x:99999", "http://x:y", "http://u:p@x", "http://x?key=1", "a b", "http://\x1b[2J"],
)
def test_an_invalid_address_is_reported_with_its_variable(text: str) -> None:
    with pytest.raises(ConfigError, match="API_SERVER"):
        from_environment({"API_SERVER": text})


def test_the_environment_is_read_and_the_flag_wins() -> None:
    environ = {
        "API_SERVER": "a:1",
        "API_KEY": " key ",
        "API_TIMEOUT": "2.5",
        "API_RECONNECT_MAX": "30",
        "DASHBOARD_DEBUG": "1",
    }

    assert from_environment(environ, "b:2") == Config("http://b:2", "key", 2.5, 30.0, True)
    assert from_environment({}) == Config("http://localhost:3100", "", 10.0, 10.0, False)


@pytest.mark.parametrize(
    ("name", "text"), [("API_TIMEOUT", "soon"), ("API_TIMEOUT", "0"), ("API_RECONNECT_MAX", "nan"), ("API_KEY", "grün")]
)
def test_an_invalid_variable_is_named_in_the_error(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name):
        from_environment({name: text})


def test_a_key_is_never_shown() -> None:
    assert repr(Config(secret="hush")) == "Config(server='http://localhost:3100', secret='***')"


@pytest.mark.parametrize(
    ("server", "ws_url", "is_local"),
    [
        ("http://localhost:3100", "ws://localhost:3100/ws", True),
        ("http://[::1]:3100", "ws://[::1]:3100/ws", True),
        ("https://ops.example/pm2", "wss://ops.example/pm2/ws", False),
    ],
)
def test_the_websocket_url_follows_from_the_server(server: str, ws_url: str, is_local: bool) -> None:
    assert (Config(server).ws_url, Config(server).is_local) == (ws_url, is_local)


@pytest.mark.parametrize(
    ("server", "secret", "is_exposed"),
    [
        ("http://8.8.8.8:3100", "k", True), ("http://8.8.8.8:3100", "", False), ("https://8.8.8.8:3100", "k", False),
        ("http://192.168.1.100:3100", "k", False), ("http://[2001:4860:4860::8888]:3100", "k", True),
        ("http://localhost:3100", "k", False), ("http://no-such-host.invalid", "k", False),
    ],
)  # fmt: skip
def test_a_key_over_http_to_a_public_address_is_warned_of(server: str, secret: str, is_exposed: bool) -> None:
    expected = f"API_KEY goes unencrypted to {server}, a public address. Use https, or a tunnel."

    assert Config(server, secret).find_exposure() == (expected if is_exposed else None)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (
            "http://10.9.9.9:3100",
            "API_KEY goes unencrypted through the proxy 10.1.1.1:3128. Use https, or NO_PROXY=10.9.9.9.",
        ),
        ("http://127.0.0.1:3100", None), ("http://bench.example:3100", None), ("https://10.9.9.9:3100", None),
    ],
)  # fmt: skip
def test_a_key_through_a_proxy_is_warned_of(monkeypatch: pytest.MonkeyPatch, server: str, expected: str | None) -> None:
    monkeypatch.setenv("http_proxy", "http://ada:secret@10.1.1.1:3128")
    monkeypatch.setenv("no_proxy", "bench.example")

    assert Config(server, "k").find_exposure() == expected
