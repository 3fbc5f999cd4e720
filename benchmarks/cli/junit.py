"""Renders finished runs as JUnit XML, which CI systems show as tests. [pure]

One suite per run: a test for the measurement itself, one per expectation, and one for the comparison with the first
run. Missed is a failure, invalid or failed an error, not shown is skipped. Elements and attributes are those of the
schema of Jenkins (junit-10.xsd); GitLab and GitHub's reporters read a part of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from benchmarks.cli.outcome import Outcome, RunOutcome

NAME = "pm2site-benchmark"
TAGS = {Outcome.FAILED: "failure", Outcome.ERROR: "error", Outcome.SKIPPED: "skipped"}
PROPERTIES = (
    "generator", "generatorVersion", "trials", "connections", "reqPerSec", "reqPerSecLow", "reqPerSecHigh",
    "p50Latency", "p99Latency", "errors", "non2xx", "validity", "saturation",
)  # fmt: skip
# What XML 1.0 cannot contain, not even as a character reference.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(runs: Sequence[RunOutcome], *, host: str) -> str:
    """`host`: where it was measured."""
    root = ET.Element("testsuites", name=NAME)
    for number, run in enumerate(runs):
        root.append(_suite(run, number, host))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, 0)) for suite in root)))
    root.set("time", _seconds(sum(float(suite.get("time", 0)) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(run: RunOutcome, number: int, host: str) -> ET.Element:
    outcomes = [check.outcome for check in run.checks]
    suite = ET.Element("testsuite", {
        "name": _clean(run.name), "id": str(number), "hostname": _clean(host), "tests": str(len(outcomes)),
        "failures": str(outcomes.count(Outcome.FAILED)), "errors": str(outcomes.count(Outcome.ERROR)),
        "skipped": str(outcomes.count(Outcome.SKIPPED)), "time": _seconds(run.duration_s),
        "timestamp": _timestamp(run.at),
    })  # fmt: skip
    properties = ET.SubElement(suite, "properties")
    for name in PROPERTIES:
        if (value := run.entry.get(name)) not in (None, ""):
            ET.SubElement(properties, "property", name=name, value=_clean(str(value)))
    for check in run.checks:
        seconds = _seconds(run.duration_s if check is run.checks[0] else 0)
        case = ET.SubElement(suite, "testcase", name=_clean(check.name), classname=_clean(run.name), time=seconds)
        if tag := TAGS.get(check.outcome):
            element = ET.SubElement(case, tag, message=_clean(check.message), type=check.kind)
            element.text = _clean(check.message)  # GitLab shows the text, Jenkins the message
    ET.SubElement(suite, "system-out").text = _clean("\n".join(run.lines))
    return suite


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.3f}"


def _timestamp(moment: datetime) -> str:
    """UTC without a zone, as the schema requires."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
