from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rediscluster.errors import ReplyNotUnderstood
from rediscluster.topology import info

TEXT = st.text(st.one_of(st.characters(), st.sampled_from(":#=,\r\n 0123456789-")))


def test_info_is_parsed_line_by_line() -> None:
    text = "# Server\r\nredis_version:7.0.15\r\nconfig_file:/a:b\r\n\r\nempty:\r\n"

    assert info.parse_info(text) == {"redis_version": "7.0.15", "config_file": "/a:b", "empty": ""}
    assert info.parse_sections(text) == {"server": {"redis_version": "7.0.15", "config_file": "/a:b", "empty": ""}}


def test_lines_before_the_first_section_are_left_out() -> None:
    assert info.parse_sections("a:1\r\n# Server\r\nb:2\r\n") == {"server": {"b": "2"}}


@pytest.mark.parametrize("text", ["", "OK", "# Server", "x" * (info.MAX_REPORT_LENGTH + 1)])
def test_info_without_fields_is_not_understood(text: str) -> None:
    with pytest.raises(ReplyNotUnderstood) as caught:
        info.parse_info(text)

    excerpt = repr(text) if len(text) < 80 else f"'{'x' * 79}…"
    assert caught.value.reason == f"not understood: INFO was answered with {excerpt}"


@given(TEXT)
def test_any_text_is_info_or_not_understood(text: str) -> None:
    for parse in (info.parse_info, info.parse_sections):
        try:
            fields = parse(text)
        except ReplyNotUnderstood:
            continue
        assert fields


@given(st.dictionaries(st.sampled_from(["a", "db0", "db1", "slave0", "slave1", "keyspace_hits"]), st.one_of(TEXT, st.floats().map(str), TEXT.map("keys={}".format))))  # fmt: skip
def test_any_fields_are_numbers_or_unknown(fields: dict[str, str]) -> None:
    numbers = [info.to_int(fields, "a"), info.to_float(fields, "a"), info.count_keys(fields)]

    assert all(number is None or math.isfinite(number) for number in numbers)
    assert all(isinstance(replica, dict) for replica in info.replicas_of(fields))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("18446744073709551615", 2**64 - 1), ("-5", -5), ("18446744073709551616", None), ("1_0", None), ("²", None),
        ("٣", None), ("", None), (" 1", None), ("9" * 5000, None),
    ],
)  # fmt: skip
def test_an_integer_has_ascii_digits_and_64_bits(text: str, number: int | None) -> None:
    assert info.parse_integer(text) == number


@pytest.mark.parametrize(
    ("text", "number"), [("1.5", 1.5), ("nan", None), ("inf", None), ("1e999", None), ("1e300", None), ("x", None)]
)
def test_a_float_is_finite(text: str, number: float | None) -> None:
    assert info.to_float({"a": text}, "a") == number


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ({"db0": "keys=3,expires=0", "db9": "keys=4"}, 7),
        ({"db0": "keys=many", "db9": "keys=4"}, None),
        ({"keyspace_hits": "0"}, 0),
        ({"role": "master"}, None),
    ],
)
def test_keys_are_the_sum_of_all_databases(fields: dict[str, str], keys: int | None) -> None:
    assert info.count_keys(fields) == keys


def test_the_replicas_of_a_master_are_those_it_lists() -> None:
    fields = {
        "connected_slaves": "99999999999",
        "slave0": "ip=127.0.0.1,port=7003,lag=1",
        "slave_read_only": "1",
        "slave7": "x",
    }

    assert info.replicas_of(fields) == [{"ip": "127.0.0.1", "port": "7003", "lag": "1"}, {"x": ""}]
