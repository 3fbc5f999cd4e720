"""How the page draws log lines: colours, levels and matches, with what Node makes of its modules."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from system.host import binaries
from tests.fixtures.server import ROOT

pytestmark = pytest.mark.real

FORMAT = ROOT / "pm2site/static/pm2site/format"
TIMEOUT_S = 60


def run(module: str, expression: str, *values: Any) -> Any:
    """The value of a JavaScript expression on the exports of a module (`m`) and on `values` (`v`)."""
    script = f"""
        import * as m from {json.dumps(str(FORMAT / module))};
        const v = {json.dumps(values)};
        console.log(JSON.stringify({expression}));
    """
    node = binaries.find("node")
    assert node
    command = [str(node.path), "--input-type=module", "-e", script]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_S).stdout)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("plain", [("plain", "")]),
        ("\x1b[31mred\x1b[0m rest", [("red", "sgr-1"), (" rest", "")]),
        ("\x1b[1;92mbright\x1b[22m\x1b[39m.", [("bright", "sgr-2 sgr-bold"), (".", "")]),
        ("\x1b[38;5;208mpalette\x1b[48;5;9m\x1b[4munder", [("palette", "sgr-1"), ("under", "sgr-1 sgr-underline")]),
        ("\x1b[38;2;10;20;250mblue\x1b[m.", [("blue", "sgr-4"), (".", "")]),
        ("\x1b[38;5;999mnone\x1b[38mshort", [("none", ""), ("short", "")]),
        ("\x1b[38;2;20;250;31mgreen\x1b[90mblack", [("green", "sgr-2"), ("black", "sgr-0")]),
        ("\x1b[2Jclear\x1b[7m\x1b[3mback", [("\x1b[2Jclear", ""), ("back", "sgr-italic sgr-reverse")]),
        ("\x1b[", [("\x1b[", "")]),
        ("", []),
    ],
)
def test_colours_become_spans_and_other_sequences_stay(text: str, spans: list[tuple[str, str]]) -> None:
    parsed = run("ansi.js", "m.ansiSpans(v[0])", text)

    assert [(span["text"], span["classes"]) for span in parsed] == spans


def test_a_level_is_a_word_or_a_field_at_the_beginning_of_a_line() -> None:
    lines = {
        "WARN slow": "warn", "TypeError: x": "error", "[debug] y": "debug", "2026 INFO z": "info", "terror": "error",
        '{"level":50,"msg":"warn"}': "error", '{"time":1,"severity":"warning"}': "warn", '{"level":20}': "debug", '{"level":40}': "warn",
        "informal": "", "x" * 300 + " error": "", "": "",
    }  # fmt: skip

    assert run("log_text.js", "v[0].map(m.levelOf)", list(lines)) == list(lines.values())


@pytest.mark.parametrize(
    ("search", "is_regex", "text", "matches"),
    [
        ("ab", False, "xABab", [[1, 3], [3, 5]]),
        ("[", False, "a[b", [[1, 2]]),
        ("b+", True, "abba", [[1, 3]]),
        ("(?i)B", True, "abb", [[1, 2], [2, 3]]),
        ("x*", True, "aaa", []),
    ],
)
def test_a_search_marks_its_matches(search: str, is_regex: bool, text: str, matches: list[list[int]]) -> None:
    assert run("log_text.js", "m.matcherOf(v[0], v[1])(v[2])", search, is_regex, text) == matches


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|b)*c", "a*b*c*", "(", "a" * 201])
def test_a_pattern_that_could_take_forever_marks_nothing(pattern: str) -> None:
    assert run("log_text.js", "m.matcherOf(v[0], true)", pattern) is None


def test_a_match_across_colours_is_cut_at_them() -> None:
    drawn = run("log_text.js", "m.lineSpans(v[0], m.matcherOf('bc', false))", "a\x1b[32mb\x1b[0mcd\te\u202e\x07")

    assert [(span["text"], span["classes"], span["isMatch"]) for span in drawn["spans"]] == [
        ("a", "", False), ("b", "sgr-2", True), ("c", "", True), ("d\te\\u202e\\x07", "", False),
    ]  # fmt: skip
    assert drawn["left"] == 0


def test_a_long_line_is_cut_and_says_how_much_follows() -> None:
    drawn = run("log_text.js", "m.lineSpans('x'.repeat(16384), null)")

    assert (len(drawn["spans"][0]["text"]), drawn["left"]) == (2000, 14384)
