import hashlib
from dataclasses import replace

import pytest

from benchmarks.engine.preflight import Asked, ask, changed, verify
from benchmarks.errors import PreflightFailed
from tests.fixtures.target_server import target

pytestmark = pytest.mark.real


def asked(port: int, path: str) -> Asked:
    return Asked(f"http://127.0.0.1:{port}{path}", "GET", {"Host": f"localhost:{port}"}, "")


def test_the_answer_is_kept_with_its_hash() -> None:
    with target() as port:
        answer = ask(asked(port, "/simple"))

    body = b'{"message":"hi"}'
    assert (answer.status, answer.content_type, answer.body_bytes) == (200, "application/json", len(body))
    assert answer.body_sha256 == hashlib.sha256(body).hexdigest()
    assert answer.wire_bytes > len(body) + 80
    assert answer.date.endswith("GMT")


def test_an_answer_that_leaves_out_what_others_send_is_odd() -> None:
    with target() as port:
        usual, odd = ask(asked(port, "/simple")), ask(asked(port, "/odd"))

    assert usual.odd == ()
    assert [sentence.split(":")[0] for sentence in odd.odd] == [
        "The target's answer has no Content-Type header.",
        "The target's answer has no Date header.",
        "The target closes the connection after each answer",
        "The target's answer is empty.",
    ]


def test_codes_are_stored_where_there_are_none() -> None:
    with target() as port:
        assert ask(asked(port, "/code-fast")).status == 404
        assert verify(asked(port, "/code-fast"), ("redis", "codes")).status == 200


def test_a_target_that_answers_an_error_is_not_loaded() -> None:
    with target() as port, pytest.raises(PreflightFailed, match="answers 404, not 2xx"):
        verify(asked(port, "/code-fast"), ())


def test_another_answer_afterwards_is_said() -> None:
    with target() as port:
        before = ask(asked(port, "/simple"))

    assert changed(before, before, same_body=True) is None
    assert changed(before, replace(before, body_sha256="x"), same_body=False) is None
    assert changed(before, replace(before, body_sha256="x"), same_body=True) == (
        "After the load the target answered another body than before."
    )
    assert changed(before, replace(before, status=500), same_body=True) == (
        "After the load the target answered 500 instead of 200."
    )
