"""Import of `.bench-history.json`: valid entries are stored, invalid ones reported, the file is not modified."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from benchmarks.errors import HistoryUnreadable
from benchmarks.history import importer
from benchmarks.history.importer import ImportReport, RejectedEntry
from benchmarks.history.results import to_result
from benchmarks.history.submission import ImportedSerializer
from benchmarks.models import Run
from system.lib.wire import to_wire

pytestmark = pytest.mark.django_db

ENTRY: dict[str, Any] = {
    "timestamp": "2025-11-03T20:15:01.123Z", "framework": "fastify", "endpoint": "/simple", "method": "GET",
    "reqPerSec": 16163, "avgLatency": 5.71, "p50Latency": 5, "p90Latency": 9, "p99Latency": 14, "totalReqs": 323260,
    "duration": 20, "connections": 100, "workers": 4, "pipelining": 2, "errors": 3, "timeouts": 1, "non2xx": 0,
}  # fmt: skip


def history(folder: Path, *rows: object, **more: object) -> Path:
    path = folder / "history.json"
    path.write_text(json.dumps({"version": "1.0", "lastUpdated": "x", **more, "results": list(rows)}))
    return path


def test_twenty_rows_keep_their_figures(tmp_path: Path) -> None:
    rows = [
        {**ENTRY, "timestamp": f"2025-11-03T20:{minute:02}:00.000Z", "reqPerSec": 16000 + minute}
        for minute in range(20)
    ]
    path = history(tmp_path, *reversed(rows))
    before = hashlib.sha256(path.read_bytes()).hexdigest()

    assert importer.import_file(path) == ImportReport(str(path), 20, 0, ())
    assert importer.import_file(path) == ImportReport(str(path), 0, 20, ())

    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    stored = [to_wire(to_result(run)) for run in Run.objects.order_by("at")]
    assert [{key: row[key] for key in ENTRY} for row in stored if isinstance(row, dict)] == rows
    first = Run.objects.order_by("at").first()
    assert first
    assert (first.source, first.generator, first.validity, first.original) == (
        "import",
        "autocannon",
        "unknown",
        rows[0],
    )


BAD = [
    ("text", "Invalid data. Expected a dictionary, but got str."),
    ({**ENTRY, "framework": ""}, "framework: This field may not be blank."),
    ({**ENTRY, "framework": 5}, "framework: Must be a string."),
    ({**ENTRY, "framework": "a\0b"}, "framework: Null characters are not allowed."),
    ({**ENTRY, "timestamp": "yesterday"}, "timestamp: 'yesterday' is not an ISO 8601 time."),
    ({**ENTRY, "timestamp": None}, "timestamp: This field is required."),
    ({**ENTRY, "timestamp": "0001-01-01T00:00:00Z"}, "timestamp: '0001-01-01T00:00:00Z' is out of range."),
    ({**ENTRY, "reqPerSec": "many"}, "reqPerSec: 'many' is not a number."),
    ({**ENTRY, "reqPerSec": True}, "reqPerSec: True is not a number."),
    ({**ENTRY, "p99Latency": float("nan")}, "p99Latency: nan is out of range."),
    ({**ENTRY, "duration": -1}, "duration: Ensure this value is greater than or equal to 0."),
    ({**ENTRY, "totalReqs": 1.5}, "totalReqs: 1.5 is not an integer."),
    ({**ENTRY, "totalReqs": 10**30}, f"totalReqs: {10**30} is out of range."),
    ({**ENTRY, "id": "x"}, "id: Must be a valid UUID."),
    ({**ENTRY, "validity": "perfect"}, 'validity: "perfect" is not a valid choice.'),
]


def test_bad_entries_are_reported_and_good_ones_stored(tmp_path: Path) -> None:
    path = history(tmp_path, ENTRY, *(row for row, _ in BAD), ENTRY)

    report = importer.import_file(path)

    assert report == ImportReport(
        str(path), 1, 1, tuple(RejectedEntry(index + 1, reason) for index, (_, reason) in enumerate(BAD))
    )
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "message", "line", "column"),
    [
        (b'{"results":[\n{"framework":', "Expecting value", 2, 14),
        (b"", "Expecting value", 1, 1),
        (b'{"results": {}}', "it does not contain a list of results", None, None),
        (b"5", "it does not contain a list of results", None, None),
        (b'{"results":[\n"\xff"]}', "it is not UTF-8", 2, 2),
        (b"[" * 200_000, "its JSON cannot be read", None, None),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    tmp_path: Path, content: bytes, message: str, line: int | None, column: int | None
) -> None:
    path = tmp_path / "history.json"
    path.write_bytes(content)

    with pytest.raises(HistoryUnreadable) as caught:
        importer.import_file(path)

    assert message in str(caught.value)
    assert caught.value.fields == {"path": str(path), "line": line, "column": column}
    assert (Run.objects.count(), path.read_bytes()) == (0, content)


def test_a_byte_order_mark_and_a_bare_list_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps([ENTRY]).encode())

    assert importer.import_file(path).imported == 1


@pytest.mark.parametrize(
    ("change", "validity", "reasons"),
    [
        ({}, "unknown", []),
        ({"totalReqs": 0}, "invalid", ["It has no requests or no duration."]),
        ({"non2xx": 323260}, "invalid", ["323263 of 323260 requests failed."]),
        ({"reqPerSec": 99999}, "unknown", ["323260 requests in 20 s contradict 99,999 requests/s."]),
    ],
)
def test_contradictory_figures_lower_the_validity(change: dict[str, Any], validity: str, reasons: list[str]) -> None:
    columns = ImportedSerializer().run_validation({**ENTRY, **change})

    assert (columns["validity"], columns["reasons"]) == (validity, reasons)


def test_zero_latencies_without_responses_are_not_stored() -> None:
    unanswered = {**ENTRY, "totalReqs": 0, "avgLatency": 0, "p50Latency": 0, "p90Latency": 0, "p99Latency": 0}

    columns = ImportedSerializer().run_validation(unanswered)

    assert [columns[name] for name in ("avg_latency_ms", "p50_latency_ms", "p99_latency_ms")] == [None] * 3


def test_a_naive_time_is_utc() -> None:
    columns = ImportedSerializer().run_validation({**ENTRY, "timestamp": "2025-01-01T00:00:00"})

    assert columns["at"] == datetime(2025, 1, 1, tzinfo=UTC)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = history(tmp_path, ENTRY, {"framework": "x"})

    call_command("import_bench_history", str(path))

    output = capsys.readouterr()
    assert output.out == f"{path}: 1 imported, 0 already known\n"
    assert output.err == "entry 1 rejected: timestamp: This field is required.\n"
    with pytest.raises(CommandError, match=r"There is no \.bench-history\.json"):
        call_command("import_bench_history")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_bench_history", str(tmp_path / "none.json"))
