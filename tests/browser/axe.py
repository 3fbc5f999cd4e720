"""Runs axe-core in a page: violations of WCAG 2.1, levels A and AA."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.browser.npm import PACKAGES

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
RUN = """(async () => {
  const { violations } = await axe.run(document, { runOnly: { type: "tag", values: TAGS }, resultTypes: ["violations"] });
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, html, failureSummary }) => [id, impact, target.flat().join(" "), html, failureSummary]));
})()"""


@cache
def source() -> str:
    file = PACKAGES / "axe-core" / "axe.min.js"
    assert file.is_file(), "axe-core is not installed: python -m tests.browser.npm ci"
    return file.read_text(encoding="utf-8")


def violations(evaluate: Callable[[str], Any]) -> list[str]:
    """By Runtime.evaluate, to which the page's policy for scripts does not apply."""
    if not evaluate("typeof axe === 'object'"):
        evaluate(f"{source()};0")
    rows = evaluate(RUN.replace("TAGS", json.dumps(TAGS)))
    return [
        f"{rule} ({impact}) at {target}: {' '.join(summary.split())} {html}"
        for rule, impact, target, html, summary in rows
    ]
