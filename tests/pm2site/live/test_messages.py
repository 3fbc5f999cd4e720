from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm2site.live import messages
from pm2site.live.messages import BadMessage, Message
from tests.fixtures.odd_json import any_json

STREAMS = {"a": None, "b": None}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": "ping"}, Message("ping")),
        ({"type": "ping", "id": 7}, Message("ping", 7)),
        ({"type": "auth", "apiKey": "k"}, Message("auth", secret="k")),
        ({"type": "auth", "token": "t", "id": "x"}, Message("auth", "x", secret="t")),
        ({"type": "subscribe", "stream": "a"}, Message("subscribe", None, "a", 1000)),
        ({"type": "subscribe", "stream": "a", "interval": 0}, Message("subscribe", None, "a", 250)),
        ({"type": "subscribe", "stream": "a", "interval": -1}, Message("subscribe", None, "a", 250)),
        ({"type": "subscribe", "stream": "a", "interval": 1e9}, Message("subscribe", None, "a", 60_000)),
        ({"type": "subscribe", "stream": "a", "interval": 10**400}, Message("subscribe", None, "a", 60_000)),
        ({"type": "subscribe", "stream": "a", "interval": 1500.9}, Message("subscribe", None, "a", 1500)),
        ({"type": "unsubscribe", "stream": "b"}, Message("unsubscribe", None, "b", 1000)),
        (
            {"type": "subscribe", "stream": "a", "id": None, "interval": None, "since": None, "filter": None},
            Message("subscribe", None, "a", 1000),
        ),
        ({"type": "auth", "apiKey": None, "token": "t"}, Message("auth", secret="t")),
        ({"type": "subscribe", "stream": "a", "filter": {"x": None}}, Message("subscribe", None, "a", 1000)),
    ],
)
def test_valid_messages(fields: dict[str, object], expected: Message) -> None:
    assert messages.parse(json.dumps(fields), STREAMS) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_json"),
        ("{", "bad_json"),
        ("[]", "bad_json"),
        ("null", "bad_json"),
        ("[" * 60_000, "bad_json"),
        ('"' + "x" * 70_000 + '"', "too_large"),
        ("{}", "unknown_type"),
        ('{"type":["subscribe"]}', "unknown_type"),
        ('{"type":"subscribe"}', "unknown_stream"),
        ('{"type":"subscribe","stream":"zzz"}', "unknown_stream"),
        ('{"type":"subscribe","stream":["a"]}', "unknown_stream"),
        ('{"type":"subscribe","stream":"a","interval":"x"}', "bad_interval"),
        ('{"type":"subscribe","stream":"a","interval":NaN}', "bad_interval"),
        ('{"type":"subscribe","stream":"a","interval":Infinity}', "bad_interval"),
        ('{"type":null}', "unknown_type"),
        ('{"type":"subscribe","stream":null}', "unknown_stream"),
        ('{"type":"auth","apiKey":null}', "bad_auth"),
        ('{"type":"subscribe","stream":"a","interval":true}', "bad_interval"),
        ('{"type":"subscribe","stream":"a","since":7}', "bad_since"),
        ('{"type":"subscribe","stream":"a","since":{"epoch":"e"}}', "bad_since"),
        ('{"type":"subscribe","stream":"a","since":{"epoch":"e","seq":-1}}', "bad_since"),
        ('{"type":"subscribe","stream":"a","since":{"epoch":"e","seq":true}}', "bad_since"),
        ('{"type":"subscribe","stream":"a","filter":"x"}', "bad_filter"),
        ('{"type":"subscribe","stream":"a","filter":{"search":5}}', "bad_filter"),
        ('{"type":"subscribe","stream":"a","filter":{"search":"' + "x" * 201 + '"}}', "bad_filter"),
        ('{"type":"ping","id":{}}', "bad_id"),
        ('{"type":"ping","id":true}', "bad_id"),
        ('{"type":"ping","id":"' + "x" * 200 + '"}', "bad_id"),
        ('{"type":"auth"}', "bad_auth"),
        ('{"type":"auth","apiKey":5}', "bad_auth"),
    ],
)
def test_invalid_messages(text: str, code: str) -> None:
    with pytest.raises(BadMessage) as caught:
        messages.parse(text, STREAMS)

    assert caught.value.code == code


@given(
    st.text()
    | st.dictionaries(st.sampled_from(["type", "stream", "interval", "id"]), st.text() | st.floats() | st.none()).map(
        json.dumps
    )
)
def test_parse_raises_nothing_but_bad_message(text: str) -> None:
    with suppress(BadMessage):
        messages.parse(text, STREAMS)


def test_daphne_can_send_every_close_code() -> None:
    assert all(code == 1000 or 3000 <= code <= 4999 for code in messages.Close)


def test_a_reply_repeats_the_id() -> None:
    assert messages.encode_message("pong", "now", 3) == '{"type":"pong","timestamp":"now","id":3}'
    assert messages.encode_message("pong", "now") == '{"type":"pong","timestamp":"now"}'


@given(
    st.fixed_dictionaries({
        "type": st.sampled_from(["ping", "auth", "subscribe", "unsubscribe"]) | any_json(), "stream": st.just("a") | any_json(),
    }, optional=dict.fromkeys(["id", "interval", "since", "filter", "apiKey", "token"], any_json("epoch", "seq", "search"))),
)  # fmt: skip
def test_any_fields_make_a_message_or_a_reply_that_can_be_sent(fields: dict[str, object]) -> None:
    try:
        message = messages.parse(json.dumps(fields), STREAMS)
    except BadMessage as error:
        reply = messages.encode_error(error.code, str(error), error.stream, error.message_id)
    except ValueError:  # `json.dumps` writes numbers that `json.loads` does not read
        return
    else:
        reply = messages.encode_message("subscribed", "now", message.id, stream=message.stream)
        assert messages.MIN_INTERVAL_MS <= message.interval_ms <= messages.MAX_INTERVAL_MS

    assert len(reply.encode()) < 2000
