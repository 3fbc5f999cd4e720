from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.store.writer import Writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[Writer]:
    store = Writer(path)
    yield store
    store.close()
