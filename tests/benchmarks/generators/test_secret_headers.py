from __future__ import annotations

import base64

import pytest

from benchmarks.generators.secret_headers import is_secret, masked, redact, secret_texts


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "Proxy-Authorization", "Cookie", "Cookie2", "X-Access-Key", "X-AccessKey", "X-API-Key", "ApiKey",
        "X-Auth", "X-Auth-User", "X-CSRF-Token", "PRIVATE-TOKEN", "X-Client-Secret", "X-Session-Id", "X_Secret_Key",
        "X-Amz-Signature", "X-JWT", "X-User-Pass",
    ],
)  # fmt: skip
def test_headers_with_a_credential(name: str) -> None:
    assert (is_secret(name), masked({name: "v"})) == (True, {name: "***"})


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "Accept",
        "Content-Type",
        "User-Agent",
        "X-Request-Id",
        "Keep-Alive",
        "X-Passenger",
        "Accept-Path",
        "X-Author",
        "Authority",
    ],
)
def test_headers_without_one(name: str) -> None:
    assert (is_secret(name), masked({name: "v"})) == (False, {name: "v"})


BASIC = base64.b64encode(b'me:pa"s&').decode()


@pytest.mark.parametrize(
    ("name", "value", "text", "result"),
    [
        ("Authorization", "Bearer ab.cd", "got Bearer ab.cd, ab.cd", "got ***, ***"),
        ("Authorization", f"Basic {BASIC}", f"{BASIC} is me:pa\"s& or pa\\\"s& or pa%22s%26", "*** is *** or *** or ***"),
        ("Cookie", "id=abcdef; a=1", "a=1 and abcdef, 1", "a=1 and ***, 1"),
        ("X-Api-Key", "a<b>c", "a&lt;b&gt;c", "***"),
        ("Accept", "a/b", "a/b", "a/b"),
        ("X-Session-Version", "1", "1234 requests in 1 s", "1234 requests in 1 s"),
    ],
)  # fmt: skip
def test_what_a_target_repeats_is_masked(name: str, value: str, text: str, result: str) -> None:
    assert redact(text, secret_texts([(name, value)])) == result
