from __future__ import annotations

import pytest

from pm2.daemon.process import from_monitor_data
from pm2.daemon.process_names import match_processes

PROCESSES = [
    from_monitor_data({"pm_id": pm_id, "name": name, "pm2_env": {"namespace": namespace}}, 0)
    for pm_id, name, namespace in [
        (0, "job", "default"), (1, "0", "web"), (2, "web", "default"), (3, "a", "web"), (4, "b", "1"), (5, "a", "7"),
    ]
]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "kind", "pm_ids"),
    [
        ("0", "name", [1]),
        ("1", "namespace", [4]),
        ("2", "pm_id", [2]),
        ("web", "name", [2]),
        ("a", "name", [3, 5]),
        ("default", "namespace", [0, 2]),
        ("7", "namespace", [5]),
        ("5", "pm_id", [5]),
    ],
)
def test_a_name_comes_before_a_namespace_and_a_namespace_before_a_pm_id(
    word: str, kind: str, pm_ids: list[int]
) -> None:
    match = match_processes(PROCESSES, word)

    assert match is not None
    assert (match.kind, [process.pm_id for process in match.processes]) == (kind, pm_ids)


@pytest.mark.parametrize("word", ["", "koa", "6", "-1", "²", "٢", "9" * 5000, "0.0", " 0", "05", "00", "5.0"])
def test_any_other_word_selects_nothing(word: str) -> None:
    assert match_processes(PROCESSES, word) is None
