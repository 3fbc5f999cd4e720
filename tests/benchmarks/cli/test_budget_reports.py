from __future__ import annotations

import os
import stat
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.analysis.comparison import Comparison, Verdict
from benchmarks.cli import junit, markdown, outcome, report_files
from benchmarks.cli.arguments import parse_options
from benchmarks.cli.conclusion import exit_code
from benchmarks.cli.outcome import Check, Outcome, RunOutcome
from benchmarks.errors import BadUsage

AT = datetime(2026, 11, 23, 9, 8, 7, tzinfo=UTC)
# Elements of junit-10.xsd, the schema of Jenkins' xUnit plugin, as far as we write them: the attributes (required ones
# first, optional ones in the second set) and the children in their order.
SCHEMA: dict[str, tuple[set[str], set[str], tuple[str, ...]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "disabled", "errors"}, ("testsuite",)),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url", "version"},
        ("properties", "testcase", "system-out", "system-err"),
    ),
    "properties": (set(), set(), ("property",)),
    "property": ({"name", "value"}, set(), ()),
    "testcase": ({"name", "classname"}, {"time", "group"}, ("skipped", "error", "failure", "system-out", "system-err")),
    "skipped": (set(), {"type", "message"}, ()),
    "error": (set(), {"type", "message"}, ()),
    "failure": (set(), {"type", "message"}, ()),
    "system-out": (set(), set(), ()),
}


def check_schema(element: ET.Element) -> None:
    required, optional, children = SCHEMA[element.tag]
    assert required <= set(element.attrib) <= required | optional, element.tag
    order = [children.index(child.tag) for child in element]
    assert order == sorted(order), element.tag
    for child in element:
        check_schema(child)


def entry(validity: str = "valid", met: str = "missed") -> dict[str, object]:
    items = [
        {"text": "p99<50ms", "met": "met", "message": "p99 12 ms (10 to 14 ms in 5 trials)."},
        {"text": "rate>=20k/s", "met": met, "message": "rate 1,000/s (980 to 1,020/s in 5 trials)."},
        {"text": "max<1s", "met": "not_shown", "message": "max 1 ms. 5 trials would settle it."},
    ]
    return {
        "framework": "api", "method": "GET", "endpoint": "/a|b", "duration": 10.0, "generator": "wrk",
        "generatorVersion": "4.1.0", "trials": 5, "connections": 100, "reqPerSec": 1000.4, "reqPerSecLow": 980.0,
        "reqPerSecHigh": 1020.0, "p50Latency": 1.25, "p90Latency": None, "p99Latency": 12.0, "p999Latency": None,
        "errors": 1, "non2xx": 2, "validity": validity, "saturation": "contended", "sweep": None, "totalReqs": 50_000,
        "cpuMicrosPerRequest": None, "memoryBytes": None, "reasons": ["It was noisy."],
        "budget": {"met": met, "items": items},
    }  # fmt: skip


WORSE = Comparison("a", "b", Verdict.WORSE, "express is slower.", (), (), ())


def suite_of(run: RunOutcome) -> ET.Element:
    """The only suite of the report, which follows the schema."""
    root = ET.fromstring(junit.render([run], host="ci-1"))  # noqa: S314 - of our own
    check_schema(root)
    assert [root.get(name) for name in ("tests", "failures", "errors")] == [
        root[0].get(name) for name in ("tests", "failures", "errors")
    ]
    return root[0]


def test_a_report_has_a_test_for_the_measurement_each_expectation_and_the_comparison() -> None:
    suite = suite_of(outcome.of_finished("api GET /a|b", AT, entry(), "", WORSE))

    counts = {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped", "time", "timestamp")}
    assert counts == {
        "name": "api GET /a|b", "tests": "5", "failures": "2", "errors": "0", "skipped": "1", "time": "10.000",
        "timestamp": "2026-11-23T09:08:07",
    }  # fmt: skip
    cases = [
        (case.get("name"), [(child.tag, child.get("type"), child.get("message")) for child in case])
        for case in suite.iter("testcase")
    ]
    assert cases == [
        ("measurement", []),
        ("p99<50ms", []),
        ("rate>=20k/s", [("failure", "missed", "rate 1,000/s (980 to 1,020/s in 5 trials).")]),
        ("max<1s", [("skipped", "not_shown", "max 1 ms. 5 trials would settle it.")]),
        ("not worse than the first", [("failure", "worse", "express is slower.")]),
    ]
    assert {case.get("classname") for case in suite.iter("testcase")} == {"api GET /a|b"}
    assert suite.findtext("system-out", "").startswith("api GET /a|b: at least 1,000 requests/s")


@pytest.mark.parametrize(
    ("run", "error"),
    [
        (outcome.of_finished("api", AT, entry("invalid", "not_shown"), "", None), "It was noisy."),
        (outcome.of_finished("api", AT, entry(met="not_shown"), "Stopped.", None), "Stopped."),
        (outcome.of_failed("api", AT, "No response.", ["p99<5ms", "max<1s"]), "No response."),
    ],
    ids=["invalid", "stopped", "failed"],
)
def test_a_run_that_cannot_be_judged_is_an_error(run: RunOutcome, error: str) -> None:
    suite = suite_of(run)

    assert (suite.get("errors"), suite.get("failures")) == ("1", "0")
    element = suite.find("testcase[@name='measurement']/error")
    assert element is not None
    assert (element.get("message"), element.text) == (error, error)


def test_the_summary_is_a_table_of_runs_and_one_of_checks() -> None:
    failed = outcome.of_failed("other GET /", AT, "No response from <b>.", ["p99<5ms"])

    assert markdown.render([outcome.of_finished("api GET /a|b", AT, entry(), "", None), failed]) == (
        "## Benchmark\n"
        "\n"
        "| run | requests/s | p50 ms | p99 ms | errors | validity | budget |\n"
        "| --- | ---: | ---: | ---: | ---: | --- | --- |\n"
        "| api GET /a\\|b | at least 1,000 | 1.25 | 12 | 3 | valid | **missed** |\n"
        "| other GET / | | | | | failed | |\n"
        "\n"
        "### api GET /a\\|b\n"
        "\n"
        "| check | | |\n"
        "| --- | --- | --- |\n"
        "| `measurement` | valid | It was noisy. |\n"
        "| `p99<50ms` | met | p99 12 ms (10 to 14 ms in 5 trials). |\n"
        "| `rate>=20k/s` | **missed** | rate 1,000/s (980 to 1,020/s in 5 trials). |\n"
        "| `max<1s` | not shown | max 1 ms. 5 trials would settle it. |\n"
        "\n"
        "### other GET /\n"
        "\n"
        "| check | | |\n"
        "| --- | --- | --- |\n"
        "| `measurement` | **error** | No response from \\<b\\>. |\n"
        "| `p99<5ms` | not shown | No response from \\<b\\>. |\n"
    )


any_text = st.text(st.characters(exclude_categories=()))


@given(any_text, any_text)
def test_any_text_can_be_reported(name: str, message: str) -> None:
    run = RunOutcome(name, AT, (Check("p99<5ms", Outcome.FAILED, message, "missed"),), lines=(message,))

    suite = suite_of(run)
    rendered = markdown.render([run])

    assert len(suite.findall("testcase")) == 1
    assert len(rendered.splitlines()) == 11
    rendered.encode()


@pytest.mark.parametrize(
    ("budgets", "verdicts", "code"),
    [
        ([None], [], 0),
        (["met", "met"], [Verdict.SAME], 0),
        (["met", "not_shown"], [Verdict.BETTER], 5),
        ([None, None], [Verdict.NO_VERDICT], 5),
        (["not_shown", "met"], [Verdict.WORSE], 3),
        (["missed", "not_shown"], [Verdict.WORSE], 6),
    ],
)
def test_exit_codes_have_a_precedence(budgets: list[str | None], verdicts: list[Verdict], code: int) -> None:
    entries = [{"validity": "valid", "budget": {"met": met} if met else None} for met in budgets]
    comparisons = [Comparison("a", "b", verdict, "", (), (), ()) for verdict in verdicts]

    assert exit_code(entries, comparisons) == code
    assert exit_code([{"validity": "invalid", "budget": {"met": "not_shown"}}, *entries], comparisons) == 4


def test_expectations_of_the_command_line_are_checked_before_anything_else() -> None:
    options = parse_options(["-f", "fastify", "--expect", "p99<5ms", "--expect", "rate>1k"], lambda _: False)

    assert [plan.spec.expect for plan in options.plans] == [("p99<5ms", "rate>1k")]
    with pytest.raises(BadUsage) as refused:
        parse_options(["-f", "fastify", "--expect", "p99<5"], lambda _: False)
    assert str(refused.value) == (
        "--expect 'p99<5' cannot be judged: the units of p99 are us, µs, ms, s. Write it like 'p99 < 50ms'."
    )


def test_report_files_that_cannot_be_written_are_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")

    def refusal(junit_file: str | None, summary: str | None) -> str:
        with pytest.raises(BadUsage) as refused:
            report_files.checked(junit_file, summary)
        return str(refused.value).replace(str(tmp_path), "TMP")

    assert refusal(str(tmp_path), None) == "--junit TMP is a directory. Name a file, like --junit report.xml."
    assert refusal(None, f"{tmp_path}/fifo") == (
        "--summary TMP/fifo is not a regular file. Name a file, like --summary report.md."
    )
    assert refusal(f"{tmp_path}/none/x.xml", None) == (
        "--junit TMP/none/x.xml: TMP/none does not exist. Create it with: mkdir -p TMP/none"
    )
    assert refusal(f"{tmp_path}/x", f"{tmp_path}/./x") == "--junit and --summary name the same file: TMP/x."
    assert refusal("", None) == "--junit needs the name of a file."
    assert refusal(f"{tmp_path}/loop", None).startswith("--junit TMP/loop: ")
    assert refusal("/proc/x.xml", None).startswith("--junit /proc/x.xml: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fifo", "loop"]


def test_a_report_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    target, link = tmp_path / "real.xml", tmp_path / "link.xml"
    link.symlink_to(target)
    umask = os.umask(0o022)
    try:
        junit_file, summary = report_files.checked(str(link), None)
        assert (report_files.write(junit_file, "one"), report_files.write(summary, "nothing")) == (True, True)
    finally:
        os.umask(umask)
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode), link.is_symlink()) == ("one", 0o644, True)
    target.chmod(0o640)

    assert report_files.write(junit_file, "two")
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("two", 0o640)


def test_a_report_file_that_became_a_directory_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = report_files.checked(str(tmp_path / "x.xml"), None)
    assert path
    path.mkdir()

    assert not report_files.write(path, "text")
    assert capsys.readouterr().err.startswith(f"[ERROR] {path} cannot be written: ")
    assert list(tmp_path.iterdir()) == [path]
