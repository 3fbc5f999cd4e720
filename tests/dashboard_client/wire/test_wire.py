"""Any JSON from a server becomes a value or a WireError."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard_client.errors import WireError
from dashboard_client.wire import benchmarks, host_and_pm2, metric_history, socket_messages
from dashboard_client.wire.decode import MAX_TEXT, clean, convert, parse_json
from dashboard_client.wire.host_and_pm2 import Pm2Stats, Process

KINDS = [
    *host_and_pm2.STREAMS.values(),
    *(kind for kind in vars(benchmarks).values() if isinstance(kind, type) and is_dataclass(kind)),
    metric_history.MetricHistory,
    metric_history.Metrics,
]
ODD = st.sampled_from(
    [1e999, float("nan"), 10**400, -(10**400), True, "\x1b]52;c;QQ==\a", "\ud800", "\u202eevil", "9" * 5000]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ODD


def known_keys(kind: type[object]) -> list[str]:
    names = [field.name.split("_") for field in fields(kind)]  # type: ignore[arg-type]
    return [first + "".join(part.capitalize() for part in rest) for first, *rest in names]


KEYS = st.sampled_from(sorted({key for kind in KINDS for key in known_keys(kind)} | {"type", "data", "stats"}))
ANY = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner), max_leaves=20
)


def texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in texts(item)]
    if isinstance(value, dict):
        return [text for pair in value.items() for text in texts(pair)]
    if is_dataclass(value):
        return [text for field in fields(value) for text in texts(getattr(value, field.name))]
    return []


@given(st.sampled_from(KINDS), ANY)
def test_any_json_becomes_a_value_or_a_wire_error(kind: type[object], payload: object) -> None:
    try:
        value = convert(kind, payload)
    except WireError as error:
        strings = [str(error)]
    else:
        strings = texts(value)

    assert [text for text in strings if text != clean(text)] == []


@given(st.sampled_from([*socket_messages.MESSAGE_TYPES, "metric", "news"]), st.dictionaries(KEYS, ANY))
def test_any_message_is_read_or_refused(kind: str, payload: dict[str, object]) -> None:
    try:
        text = json.dumps(payload | {"type": kind})
    except ValueError:
        return
    try:
        message = socket_messages.parse(text)
    except WireError:
        return

    assert message is None if kind == "news" else isinstance(message, socket_messages.Message)


@given(st.text() | st.binary())
def test_any_text_is_decoded_or_refused(text: str | bytes) -> None:
    with suppress(WireError):
        parse_json(text)


def test_json_that_is_too_deep_is_refused() -> None:
    with pytest.raises(WireError):
        parse_json("[" * 100_000)


@given(st.text())
def test_a_cleaned_text_has_no_control_characters_and_can_be_encoded(text: str) -> None:
    cleaned = clean(text)

    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in cleaned)
    assert not set(cleaned) & set("\u061c\u200b\u202a\u202e\u2066\u2069\ufeff")
    assert clean(cleaned) == cleaned
    cleaned.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("worker\x1b[2J", "worker"),
        ("\x1b[1;31mred\x1b[0m \x1b]0;pwned\x07end\x1bP+q44\x1b\\.\x1b(B\x1bc", "red end."),
        ("cut short \x1b[", "cut short "),
        ("a\x1b]not ended", "anot ended"),
        ("two\tcolumns\nand lines", "two columns and lines"),
        ("\ud83d", "\N{REPLACEMENT CHARACTER}"),
        ("größer 日本", "größer 日本"),
        ("x" * (MAX_TEXT + 1), "x" * MAX_TEXT),
    ],
)
def test_terminal_control_sequences_are_removed(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_fields_of_the_wrong_type_fall_back_and_unknown_ones_are_ignored() -> None:
    payload = {
        "processes": [
            {"pmId": 3, "name": "api", "cpu": "12", "memoryBytes": 2.9, "port": True, "env": {"SECRET": "x"}},
            {"name": "without an id"},
            "not an object",
        ],
        "daemon": {"state": "down", "version": None},
        "counts": 7,
        "timestamp": "2026-11-23T14:56:30.186Z",
        "stale": "yes",
    }

    assert convert(Pm2Stats, payload) == Pm2Stats(
        processes=(Process(pm_id=3, name="api", memory_bytes=2),),
        daemon=host_and_pm2.Daemon(state="down"),
        timestamp=datetime(2026, 11, 23, 14, 56, 30, 186_000, UTC),
    )


@pytest.mark.parametrize(
    ("fields", "ports", "text"),
    [
        ({"port": 3000, "ports": [3000, 9229]}, (3000, 9229), "3000, 9229"),
        ({"port": 3000}, (), "3000"),  # an older server
        ({"port": None, "ports": []}, (), ""),
        ({"port": 3001, "ports": []}, (), "3001"),  # a framework that does not run
        ({"ports": ["3000", None, True, 9229, 1e999]}, (9229,), "9229"),
        ({"port": "x", "ports": {"0": 1}}, (), ""),
    ],
)
def test_the_ports_of_a_process_are_read_from_any_server(
    fields: dict[str, object], ports: tuple[int, ...], text: str
) -> None:
    process = convert(Process, {"pmId": 1, "name": "api", **fields})

    assert (process.ports, process.ports_text) == (ports, text)


@pytest.mark.parametrize("number", [10**400, -(10**400), 1e999, float("nan"), True, "5", [5]])
def test_an_unusable_number_falls_back_to_the_default(number: object) -> None:
    process = convert(Process, {"pmId": 1, "name": "api", "cpu": number, "memoryBytes": number, "port": number})

    assert process == Process(pm_id=1, name="api")


@pytest.mark.parametrize("payload", [None, [], "text", {}, {"processes": None}, {"processes": {"0": {}}}])
def test_a_missing_required_field_is_an_error(payload: object) -> None:
    with pytest.raises(WireError, match="pm2 stats"):
        convert(Pm2Stats, payload)


@pytest.mark.parametrize("moment", ["", "yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 5])
def test_an_invalid_or_out_of_range_timestamp_becomes_none(moment: object) -> None:
    assert convert(host_and_pm2.ActivityEntry, {"action": "x", "at": moment}).at is None


def test_an_unknown_stream_is_an_error() -> None:
    with pytest.raises(WireError, match="Unknown stream 'pm2:news'"):
        host_and_pm2.read_stream("pm2:news", {})


def test_a_metric_keeps_its_raw_data_and_resume_point() -> None:
    text = '{"type":"metric","stream":"activity","data":{"entries":[]},"timestamp":"T","seq":4,"epoch":"ab","new":1}'

    assert socket_messages.parse(text) == socket_messages.StreamMessage("activity", {"entries": []}, "T", 4, "ab")
