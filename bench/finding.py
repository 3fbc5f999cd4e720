"""What a measurement of ours found, beside its goal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure beside its goal."""

    name: str
    figure: str
    goal: str
    met: bool


def show(findings: list[Finding]) -> int:
    """Print them; 1 when a goal was missed."""
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = "met   " if finding.met else "MISSED"
        print(f"{mark} {finding.name:<{width}}  {finding.figure}   (goal: {finding.goal})")
    return 0 if all(finding.met for finding in findings) else 1
