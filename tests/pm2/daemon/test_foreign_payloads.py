"""Whatever PM2's sockets carry becomes a value that a response can hold, or a ProtocolError."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm2.daemon import amp, bus_events, process, rpc_messages
from pm2.errors import CallFailed, ProtocolError
from pm2.monitor import listing
from system.lib.wire import to_wire
from tests.fixtures.odd_json import any_json, objects_with

ENV = objects_with(
    "status", "pm_uptime", "instances", "restart_time", "unstable_restarts", "exit_code", "created_at", "args",
    "max_memory_restart", "axm_monitor", "namespace", "version", "cron_restart", "log_date_format", "log_type",
)  # fmt: skip
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "pid": any_json(), "pm_id": any_json(), "name": any_json(), "pm2_env": ENV | any_json(),
        "monit": objects_with("cpu", "memory") | any_json(),
    },
)  # fmt: skip
PAYLOAD = st.fixed_dictionaries(
    {},
    optional={
        "process": objects_with("pm_id", "name", "exit_code", "pm_uptime") | any_json(),
        "event": any_json(), "at": any_json(), "manually": any_json(), "data": any_json(),
    },
)  # fmt: skip
TOPICS = st.sampled_from([bus_events.OUT, bus_events.ERR, bus_events.DAEMON, bus_events.PROCESS, bus_events.KILL])


def assert_is_sendable(value: Any) -> None:
    """JSON without NaN and infinity, exact numbers, and texts that UTF-8 can encode."""
    text = json.dumps(to_wire(value), allow_nan=False, ensure_ascii=False)
    text.encode()
    assert all(abs(number) <= 2**53 for number in numbers_in(json.loads(text)))


def numbers_in(value: object) -> list[float]:
    if isinstance(value, (list, dict)):
        return [
            number for item in (value.values() if isinstance(value, dict) else value) for number in numbers_in(item)
        ]
    return [value] if isinstance(value, (int, float)) else []


@pytest.mark.parametrize(
    "entry",
    [
        {"pm_id": 1e999}, {"pid": 10**400}, {"monit": {"cpu": 10**400, "memory": float("nan")}},
        {"pm2_env": {"created_at": 1e999, "max_memory_restart": float("nan"), "exit_code": 1e999}},
        {"pm2_env": {"status": "online", "pm_uptime": float("nan"), "instances": 2**53 + 1}},
        {"pm2_env": {"axm_monitor": {"\ud800": {"value": "\ud800", "unit": ["\ud800"]}, "x": 10**4000}}},
    ],
)  # fmt: skip
def test_numbers_that_json_cannot_hold_are_not_sent(entry: dict[str, Any]) -> None:
    assert_is_sendable([process.from_monitor_data(entry, 0.0), process.parse_details(entry)])


@given(st.lists(ENTRY, max_size=3))
def test_any_monitor_data_can_be_sent(entries: list[dict[str, object]]) -> None:
    assert_is_sendable([*listing.parse_entries(entries), *(process.parse_details(entry) for entry in entries)])
    assert all(isinstance(pm_id, int) for pm_id in listing.cron_pm_ids(entries))
    assert len(listing.log_files_by_process(entries)) <= len(entries)


@pytest.mark.parametrize("pm_id", ["_old_" + "9" * 5000, "_old_1234567890", "_old_٣", 10**400, -1, True, 1.0])
def test_a_pm_id_that_pm2_cannot_give_is_no_event(pm_id: object) -> None:
    payload = {"process": {"pm_id": pm_id, "name": "x"}, "event": "exit", "data": "line", "at": 1}

    assert [bus_events.parse_event(topic, payload) for topic in (bus_events.PROCESS, bus_events.OUT)] == [None, None]


@given(TOPICS, PAYLOAD | any_json())
def test_any_payload_is_an_event_or_none(topic: bytes, payload: object) -> None:
    event = bus_events.parse_event(topic, payload)

    if event is not None:
        json.dumps(astuple(event), allow_nan=False, ensure_ascii=False).encode()


@given(st.text())
def test_any_line_of_the_daemon_is_read(text: str) -> None:
    for frame in ("App [{}:0] exited with code [{}] via signal [SIGINT]", "Stopping app:x id:{}", "{}"):
        line = frame.format(text, text) if frame.count("{}") == 2 else frame.format(text)
        parsed = [
            bus_events.parse_exit(line), bus_events.parse_stopping(line), bus_events.parse_watch_restart(line),
            bus_events.parse_memory_restart(line),
        ]  # fmt: skip
        assert sum(result is not None for result in parsed) <= 1


@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda data: b"\x11" + len(data).to_bytes(4, "big") + data))
def test_any_bytes_are_frames_or_refused(data: bytes) -> None:
    decoder = amp.Decoder()
    try:
        frames = list(decoder.feed(data))
    except ProtocolError:
        return

    assert all(len(frame) <= amp.MAX_ARGUMENTS for frame in frames)


@pytest.mark.parametrize("error", ["\ud800", {"message": "\ud800"}, {"msg": {"\ud800": 1}}, 10**4000])
def test_any_error_of_pm2_can_be_sent(error: object) -> None:
    reply = rpc_messages.parse_reply([{"error": error}, "a"])

    with pytest.raises(CallFailed) as caught:
        rpc_messages.unwrap_reply(reply, "method")
    str(caught.value).encode()


@given(st.lists(objects_with("error", "args") | any_json("error", "args"), max_size=3))
def test_any_frame_is_a_reply_or_refused(frame: list[object]) -> None:
    try:
        reply = rpc_messages.parse_reply(frame)
    except ProtocolError:
        return

    assert reply.error is None or reply.error.encode() is not None
