"""What PM2 writes around a line is read back: against dayjs itself, and for any text."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm2.frameworks.registry import FOLDER
from pm2.logs.line_formats import LineFormat, ParsedLine
from pm2.logs.log_lines import MAX_LINE_CHARACTERS
from system.host import binaries

AT = datetime(2026, 11, 3, 14, 5, 9, 42_000, UTC)
READABLE = [
    "YYYY-MM-DDTHH:mm:ss", "YYYY-MM-DD HH:mm:ss.SSS Z", "DD.MM.YYYY HH:mm:ss", "D/M/YY h:mm A", "ddd MMM D YYYY HH:mm:ss ZZ",
    "dddd, MMMM DD, YYYY hh:mm:ss.SSS a", "[on] YYYY.MM.DD [at] H:m:s", "YYYYMMDDHHmmss", "YYYY-MM-DD HH:mm (Z) [*]",
    "dd d YYYY-MM-DDTHH:mm:ss.SSSZ",
]  # fmt: skip
UNREADABLE = ["HH:mm:ss", "YYYY-MM-DD", "YYYY-MM-DD hh:mm", "MM-DD HH:mm:ss", "Y-MM-DD HH:mm", "x", "m" * 40]
# Writes one moment in each format, as PM2 does; a format without a zone in UTC.
DAYJS = "const dayjs = require('dayjs'); const at = dayjs(Number(process.argv[1])); \
console.log(JSON.stringify(JSON.parse(process.argv[2]).map((format) => at.format(format))))"


def written_by_dayjs(at: datetime, formats: list[str], zone: str = "UTC") -> list[str]:
    argv = [
        str(binaries.require("node").path), "-e", DAYJS, str(1000 * at.timestamp()), json.dumps(formats),
    ]  # fmt: skip
    env = {"TZ": zone, "PATH": "/usr/bin"}
    lines: list[str] = json.loads(subprocess.run(argv, cwd=FOLDER, env=env, capture_output=True, check=True).stdout)
    return lines


def precision(date_format: str) -> dict[str, Any]:
    """What a format does not state of `AT`."""
    without_seconds = {} if "s" in date_format else {"second": 0}
    return without_seconds | ({} if "SSS" in date_format else {"microsecond": 0})


@pytest.mark.real
@pytest.mark.parametrize("at", [AT, AT.replace(hour=0, day=28), AT.replace(hour=12, month=5)])
def test_what_dayjs_writes_is_read(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    written = written_by_dayjs(at, READABLE)
    parsed = [LineFormat(item).parse(f"{text}: hello: there")[0] for item, text in zip(READABLE, written, strict=True)]

    assert parsed == [ParsedLine(at.replace(**precision(item)), "hello: there") for item in READABLE]
    assert all(LineFormat(item).states_times() for item in READABLE)


@pytest.mark.real
def test_a_zone_that_is_stated_is_followed() -> None:
    formats = ["YYYY-MM-DD HH:mm:ss.SSS Z", "DD.MM.YYYY HH:mm:ss.SSS ZZ"]

    for zone in ("Asia/Kolkata", "America/St_Johns"):
        written = written_by_dayjs(AT, formats, zone)
        assert [LineFormat(item).parse(f"{text}: x") for item, text in zip(formats, written, strict=True)] == [
            [ParsedLine(AT, "x")]
        ] * 2


@pytest.mark.parametrize("date_format", UNREADABLE)
def test_a_format_without_date_or_time_of_day_states_no_times(date_format: str) -> None:
    assert not LineFormat(date_format).states_times()
    assert LineFormat(date_format).parse("14:05:09: hi") == [ParsedLine(None, "14:05:09: hi")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-11-23T10:00:00Z: hi", ParsedLine(datetime(2026, 11, 23, 10, tzinfo=UTC), "hi")),
        ("2026-11-23 10:00:00 +02:00: hi", ParsedLine(datetime(2026, 11, 23, 8, tzinfo=UTC), "hi")),
        ("2026-13-23T10:00:00Z: hi", ParsedLine(None, "2026-13-23T10:00:00Z: hi")),
        ("hi: 2026-11-23T10:00:00Z: x", ParsedLine(None, "hi: 2026-11-23T10:00:00Z: x")),
        # In UTC these are before the year 1 and after 9999.
        ("0001-01-01T00:00:00+23:59: hi", ParsedLine(None, "0001-01-01T00:00:00+23:59: hi")),
        ("9999-12-31T23:59:59-23:59: hi", ParsedLine(None, "9999-12-31T23:59:59-23:59: hi")),
        ("x" * 20_000, ParsedLine(None, "x" * MAX_LINE_CHARACTERS)),
    ],
)
def test_a_time_in_iso_8601_is_read_whatever_the_format(line: str, expected: ParsedLine) -> None:
    for date_format in ("", "HH:mm", "DD.MM.YYYY HH:mm:ss", "YYYY-MM-DDTHH:mm:ss"):
        assert LineFormat(date_format).parse(line) == [expected]


def json_line(message: object, timestamp: object = "2026-11-03T14:05:09.042Z", **more: object) -> str:
    entry = {"message": message, "timestamp": timestamp, "type": "out", "process_id": 0, "app_name": "app"}
    return json.dumps(entry | more)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (json_line("hi\n"), [ParsedLine(AT, "hi")]),
        (json_line("two\r\nlines\n"), [ParsedLine(AT, "two"), ParsedLine(AT, "lines")]),
        (json_line("cut \ud83d"), [ParsedLine(AT, "cut ?")]),
        (json_line("hi\n", "03.11.2026 14:05:09.042 +00:00"), [ParsedLine(AT, "hi")]),
        (json_line("hi", "14:05"), [ParsedLine(None, "hi")]), (json_line("hi", 5), [ParsedLine(None, "hi")]),
        (json_line(5), [ParsedLine(None, json_line(5))]), (json_line("x", a=1), [ParsedLine(None, json_line("x", a=1))]),
        ('{"message":"hi"}', [ParsedLine(None, '{"message":"hi"}')]), ('{"message":', [ParsedLine(None, '{"message":')]),
    ],
)  # fmt: skip
def test_a_line_of_log_type_json_is_read(line: str, expected: list[ParsedLine]) -> None:
    assert LineFormat("DD.MM.YYYY HH:mm:ss.SSS Z", is_json=True).parse(line.replace('": ', '":', 1)) == [
        ParsedLine(item.at, item.text.replace('": ', '":', 1) if item.text.startswith("{") else item.text)
        for item in expected
    ]


def test_json_states_times_unless_its_format_does_not() -> None:
    formats = [LineFormat("", True), LineFormat("HH:mm", True), LineFormat("", False), LineFormat(READABLE[0], True)]

    assert [item.states_times() for item in formats] == [True, False, False, True]


@given(
    st.text(max_size=30),
    st.booleans(),
    st.text(max_size=60) | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d.{0,9}: "),
)
def test_any_line_in_any_format_is_read_without_loss(date_format: str, is_json: bool, line: str) -> None:
    [parsed] = LineFormat(date_format, is_json).parse(line)

    assert line.endswith(parsed.text)
    assert parsed.at is not None or parsed.text == line
    assert not LineFormat(date_format, is_json).is_bare(line) or parsed == ParsedLine(None, line)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_read(message: object) -> None:
    parsed = LineFormat(is_json=True).parse(
        '{"message":' + json.dumps(message) + json_line("")[len('{"message": ""') :]
    )

    assert parsed == [ParsedLine(parsed[0].at, item.text) for item in parsed]


@given(st.datetimes(datetime(1970, 1, 2), datetime(2099, 1, 1)), st.integers(-14 * 60, 14 * 60), st.text(max_size=20))
def test_a_time_with_its_zone_is_read_back(at: datetime, minutes: int, text: str) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
    local = at + timedelta(minutes=minutes)
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    prefix = f"{local:%d.%m.%Y %H:%M:%S}.{local.microsecond // 1000:03} {zone}"

    assert LineFormat("DD.MM.YYYY HH:mm:ss.SSS Z").parse(f"{prefix}: {text}") == [ParsedLine(at, text)]
