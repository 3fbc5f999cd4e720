"""The page's modules that compute: text, numbers, times, states, trouble, and the data of charts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pm2site.web.node_module import call, call_all

pytestmark = pytest.mark.real


def results(module: str, function: str, cases: list[tuple[list[Any], Any]]) -> tuple[list[Any], list[Any]]:
    return call_all(module, [(function, values) for values, _ in cases]), [expected for _, expected in cases]


def test_text_of_others_is_escaped() -> None:
    got, expected = results(
        "format/text.js",
        "printable",
        [
            (['<script>alert("x")</script>'], '<script>alert("x")</script>'),  # text nodes need no more
            (["\x1b[2J\n\u202egpj\U000e0001\t"], "\\x1b[2J\\n\\u202egpj\\U000e0001\\t"),
            (["a\x00b\u2028"], "a\\x00b\\u2028"),
            ([None], ""),
            ([12], "12"),
        ],
    )

    assert got == expected


def test_a_word_for_the_shell_is_quoted() -> None:
    got, expected = results(
        "format/text.js",
        "shellQuoted",
        [(["api"], "api"), (["a b"], "'a b'"), (["it's"], "'it'\\''s'"), ([""], "''"), (["$(id)"], "'$(id)'")],
    )

    assert got == expected


def test_a_filter_matches_all_of_its_words_in_any_case() -> None:
    got, expected = results(
        "format/text.js",
        "matches",
        [
            (["", "api"], True),
            (["API onl", "api", "online"], True),
            (["api errored", "api", "online"], False),
            (["30", 3001, "x"], True),
        ],
    )

    assert got == expected


def test_numbers_have_units() -> None:
    calls: list[tuple[str, list[Any]]] = [
        ("bytes", [0]), ("bytes", [1023]), ("bytes", [1024]), ("bytes", [85_000_000]), ("bytes", [2**40]), ("bytes", [None]),
        ("short", [950]), ("short", [12_400]), ("short", [1_840_000]), ("short", [3.47]), ("milliseconds", [0.42]),
        ("milliseconds", [12.34]), ("milliseconds", [999.6]), ("milliseconds", [1200]), ("inUnit", [1.26, "percent"]),
        ("inUnit", [41.2, "percent"]), ("inUnit", [1536, "bytesPerSecond"]), ("inUnit", [None, "bytesPerSecond"]),
    ]  # fmt: skip

    assert call_all("format/numbers.js", calls) == [
        "0 B", "1,023 B", "1.0 kB", "81.1 MB", "1.0 TB", "–", "950", "12.4k", "1.84M", "3.5", "0.42 ms", "12.3 ms",
        "1,000 ms", "1.20 s", "1.3 %", "41 %", "1.5 kB/s", "–",
    ]  # fmt: skip


def test_times_are_relative_or_absolute() -> None:
    now = 1_795_823_044_184
    calls: list[tuple[str, list[Any]]] = [
        ("duration", [0]), ("duration", [119]), ("duration", [120]), ("duration", [7200]), ("duration", [172_800]),
        ("relative", [now - 1000, now]), ("relative", [now - 12_000, now]), ("relative", [now + 180_000, now]),
        ("relative", ["nonsense", now]), ("absolute", ["2026-11-27T23:44:04.184Z"]), ("absolute", ["nonsense"]),
    ]  # fmt: skip

    assert call_all("format/times.js", calls) == [
        "0 s", "119 s", "2 m", "2 h", "2 d", "just now", "12 s ago", "in 3 m", "", "2026-11-27 23:44:04", "",
    ]  # fmt: skip


def process(pm_id: int, status: str) -> dict[str, Any]:
    return {"pmId": pm_id, "name": "api", "status": status}


def cluster(state: str = "ok", lost: tuple[str, ...] = (), *nodes: str) -> dict[str, Any]:
    return {"cluster": {"state": state, "lost": list(lost)}, "stats": [{"state": node} for node in nodes]}


def test_trouble_has_a_sentence_and_an_address() -> None:
    up = {"stale": False, "processes": [process(0, "online"), process(1, "stopped")]}
    one = {"stale": False, "processes": [process(0, "errored")]}
    several = {"stale": True, "processes": [process(0, "errored"), process(1, "errored")]}

    got, expected = results(
        "data/trouble.js",
        "troubles",
        [
            ([None, None], []),
            ([up, cluster("ok", (), "up", "stopped")], []),
            ([one, None], [{"text": "api (0) is errored", "href": "/processes/0"}]),
            (
                [several, cluster("fail", ("0-5460",), "down", "up")],
                [
                    {"text": "2 processes are errored", "href": "/processes?filter=errored"},
                    {"text": "PM2's daemon is down", "href": "/processes"},
                    {"text": "slots 0-5460 have no master", "href": "/redis"},
                ],
            ),
            ([None, cluster("ok", (), "down", "up")], [{"text": "1 Redis node down", "href": "/redis"}]),
        ],
    )

    assert got == expected


def test_a_line_of_a_chart_has_gaps_where_nothing_was_measured() -> None:
    series = [{"points": [[0, 1, 2, 3], [10, 2, 3, 4], [40, 5, 6, 7]], "resolutionSeconds": 10}]

    assert call("parts/charts/chart_data.js", "aligned", series) == [
        [0, 10, 20, 40], [1, 2, None, 5], [2, 3, None, 6], [3, 4, None, 7],
    ]  # fmt: skip


def test_annotations_that_are_close_share_a_mark() -> None:
    def annotation(second: int, kind: str, identity: str | None) -> dict[str, Any]:
        return {"at": f"1970-01-01T00:00:{second:02}Z", "kind": kind, "text": kind, "subject": "api", "id": identity}

    run, exit_, late = annotation(10, "run", "7"), annotation(11, "exit", "8"), annotation(40, "server", None)

    assert call("parts/charts/chart_data.js", "marksAt", [late, exit_, run], [0, 50], 100) == [
        {"left": 20, "kind": "run", "href": "/benchmarks/runs/7", "annotations": [run, exit_]},
        {"left": 80, "kind": "server", "href": "", "annotations": [late]},
    ]
    assert call("parts/charts/chart_data.js", "marksAt", [run], [20, 50], 100) == []
