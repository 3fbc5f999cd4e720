from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rediscluster.errors import ReplyNotUnderstood
from rediscluster.nodes import resp
from rediscluster.nodes.resp import ErrorReply, NotRedisProtocol, Reply, ReplyStream

VALUES = b"+OK\r\n-ERR no\r\n:-7\r\n$3\r\na\r\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n*2\r\n*1\r\n:1\r\n$2\r\n\xff!\r\n"
REPLIES: list[Reply] = ["OK", ErrorReply("ERR", "no"), -7, "a\r\n", "", None, None, [], [[1], "\ufffd!"]]


def feed(*received: bytes) -> list[Reply]:
    stream = ReplyStream()
    return [reply for data in received for reply in stream.feed(data)]


def test_commands_are_packed_as_one_pipeline() -> None:
    assert resp.pack([("GET", "ä"), ("SLOWLOG", "GET", 5)]) == (
        b"*2\r\n$3\r\nGET\r\n$2\r\n\xc3\xa4\r\n*3\r\n$7\r\nSLOWLOG\r\n$3\r\nGET\r\n$1\r\n5\r\n"
    )


@pytest.mark.parametrize("step", [1, 2, 3, 7, len(VALUES)])
def test_replies_are_the_same_in_pieces_of_any_size(step: int) -> None:
    assert feed(*(VALUES[start : start + step] for start in range(0, len(VALUES), step))) == REPLIES


@pytest.mark.parametrize(
    ("received", "reason", "has_replied"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "it sent 'HTTP/1.1 400 Bad Request'", False),
        (b"SSH-2.0-OpenSSH_9.6 with a very long banner of its own", "it sent 'SSH-2.0-OpenSSH_9.6 with a very long ban'…", False),
        (b"\x00\x1b[2J", "it sent '\\x00\\x1b[2J'", False),
        (b"+PONG\r\nHTTP", "it sent 'HTTP'", True),
        (b":1_0\r\n", "it sent '1_0' for a number", True),
        (b":" + b"9" * 30 + b"\r\n", "it sent '999999999999999999999999999999' for a number", True),
        (b"$-2\r\n", "it sent a length of -2", True),
        (b"$1\r\nabc", "a string is longer than it was announced", True),
        (b"$99999999999\r\n", "it sent a reply of more than 8 MB", True),
        (b"*1000000000\r\n", "it sent a reply of more than 50,000 elements", True),
        (b"*40000\r\n" + b":1\r\n" * 30_000 + b"*40000\r\n", "it sent a reply of more than 50,000 elements", True),
        (b"*1\r\n" * 9, "it sent arrays nested more than 8 deep", True),
        (b"+" + b"a" * 70_000, "it sent a line of more than 65,536 bytes", True),
        (b"*200\r\n" + (b"$65000\r\n" + bytes(65_000) + b"\r\n") * 200, "it sent a reply of more than 8 MB", True),
    ],
)  # fmt: skip
def test_what_is_not_a_reply_of_redis(received: bytes, reason: str, has_replied: bool) -> None:
    with pytest.raises(NotRedisProtocol) as caught:
        feed(received)

    assert (str(caught.value), caught.value.has_replied) == (f"not understood: {reason}", has_replied)


@given(
    st.lists(st.one_of(st.binary(max_size=80), st.sampled_from([b"\r\n", b"*", b"$", b"-", b":", b"+", b"1", VALUES])))
)
def test_any_bytes_are_replies_or_not_redis(received: list[bytes]) -> None:
    try:
        replies = feed(*received)
    except NotRedisProtocol:
        return

    assert all(isinstance(reply, str | int | None | ErrorReply | list) for reply in replies)


def test_an_error_is_printable() -> None:
    assert resp.parse_error("NOPERM \x1b]0;title\x07 \u202e") == ErrorReply("NOPERM", r"NOPERM \x1b]0;title\x07 \u202e")


@pytest.mark.parametrize("reply", [1, None, [], ErrorReply("ERR", "no")])
def test_a_reply_of_another_type_than_text_is_not_understood(reply: Reply) -> None:
    with pytest.raises(ReplyNotUnderstood) as caught:
        resp.require_text(("CLUSTER", "NODES"), reply)

    assert caught.value.reason == f"not understood: CLUSTER NODES was answered with {reply!r}"


def test_a_reply_of_another_type_than_integer_is_not_understood() -> None:
    with pytest.raises(ReplyNotUnderstood) as caught:
        resp.require_integer(("DBSIZE",), "O" * 100)

    assert str(caught.value) == f"The reply of the node is not understood: DBSIZE was answered with '{'O' * 79}…."
