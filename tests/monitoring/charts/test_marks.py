from __future__ import annotations

from xml.etree import ElementTree

from monitoring.charts.marks import Mark, render_marks
from system.charts.canvas import LEFT, RIGHT
from system.charts.scale import Scale

HOSTILE = "</title><script>alert(1)</script>"
X = Scale(0, RIGHT - LEFT, LEFT, RIGHT)  # a second is a pixel


def texts(mark: str) -> list[str]:
    return (ElementTree.fromstring(mark).findtext("title") or "").splitlines()  # noqa: S314 - ours


def test_marks_that_would_cover_each_other_are_one_that_leads_to_the_list() -> None:
    marks = [Mark(100, "restart", "a", "/1"), Mark(107, "exit", "b", "/2"), Mark(108, "restart", "c", "/3")]
    both, single = render_marks(marks, X, "#list")

    assert texts(both) == ["1970-01-01 00:01:40 a", "1970-01-01 00:01:47 b"]
    assert 'href="#list"' in both
    assert "error-fg" in both  # the exit matters more than the restart
    assert (texts(single), 'href="/3"' in single, "error-fg" in single) == (["1970-01-01 00:01:48 c"], True, False)


def test_a_mark_without_a_page_is_no_link() -> None:
    assert render_marks([Mark(100, "deploy", "a")], X, "#list")[0].startswith("<g>")


def test_marks_beside_the_chart_are_left_out() -> None:
    assert render_marks([Mark(-1, "exit", "a"), Mark(RIGHT, "exit", "b")], X, "") == []


def test_a_tooltip_of_many_marks_counts_the_rest() -> None:
    (mark,) = render_marks([Mark(5, "exit", str(number)) for number in range(100)], X, "#list")

    assert [text.split()[-1] for text in texts(mark)] == [*map(str, range(8)), "more"]
    assert texts(mark)[-1] == "and 92 more"


def test_the_labelled_mark_gives_its_name_and_look() -> None:
    left = render_marks([Mark(100, "exit", "a"), Mark(102, "restart", "b", label="this exit")], X, "")[0]
    right = render_marks([Mark(X.high, "exit", "b", label="this exit")], X, "")[0]

    assert ("this exit</text>" in left, "stroke-width:2" in left, "error-fg" in left) == (True, True, False)
    assert 'text-anchor="start"' in left
    assert 'text-anchor="end"' in right


def test_texts_kinds_and_links_may_be_anything() -> None:
    (mark,) = render_marks([Mark(5, HOSTILE, HOSTILE, f'/"{HOSTILE}', HOSTILE)], X, "")

    assert "<script" not in mark
    assert texts(mark) == [f"1970-01-01 00:00:05 {HOSTILE}"]
