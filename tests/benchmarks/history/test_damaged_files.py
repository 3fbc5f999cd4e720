"""Whatever a history file holds is imported or left out with a reason, or the file is refused as HistoryUnreadable."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from benchmarks.errors import HistoryUnreadable
from benchmarks.history import importer
from benchmarks.history.results import Result, to_result
from benchmarks.history.submission import ImportedSerializer
from system.lib.fields import error_sentences
from system.lib.wire import to_wire, wire_keys
from tests.fixtures.odd_json import any_json

ENTRY: dict[str, Any] = {
    "timestamp": "2025-11-03T20:15:01.123Z", "framework": "fastify", "reqPerSec": 16163, "totalReqs": 323260, "duration": 20,
}  # fmt: skip
KEYS = sorted({*wire_keys(Result).values(), "state", "trialResults", "x"})


def write(folder: str, content: bytes) -> Path:
    path = Path(folder) / "history.json"
    path.write_bytes(content)
    return path


@given(
    st.binary(max_size=50)
    | any_json("results").map(lambda value: json.dumps(value).encode())
    | st.sampled_from([b"[" * 10**5, b"9" * 5000])
)
def test_any_file_has_entries_or_is_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            entries = importer.read_entries(write(folder, content))
        except HistoryUnreadable as error:
            assert error.status == 422  # noqa: PT017 - otherwise it is read
            return

    assert isinstance(entries, list)


@given(st.sampled_from(KEYS), any_json("x"))
def test_any_entry_becomes_a_run_that_can_be_sent_or_is_left_out(key: str, value: object) -> None:
    entry = json.loads(json.dumps({**ENTRY, key: value}))
    serializer = ImportedSerializer()
    try:
        run = importer._build_run(serializer, entry)
    except ValidationError as error:
        assert error_sentences(error.detail)  # noqa: PT017
        return

    json.dumps(to_wire(to_result(run)), allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["\ud800", "\0", "[" * 10, 2**53, 2**31, 1e308, "٣", None, -0.0], ids=repr)
def test_odd_values_are_stored_or_left_out(value: object, tmp_path: Path) -> None:
    rows = [{**ENTRY, "timestamp": f"2025-11-03T20:15:{number:02}Z", key: value} for number, key in enumerate(KEYS)]
    path = write(str(tmp_path), json.dumps({"results": rows}).encode())

    first, second = importer.import_file(path), importer.import_file(path)

    assert first.imported + first.skipped + len(first.bad) == len(rows)
    assert (second.imported, second.skipped) == (0, first.imported + first.skipped)
