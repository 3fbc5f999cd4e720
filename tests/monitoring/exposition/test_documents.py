"""docs/metrics.md, the scrape configuration, the alert rules and the dashboard match what is exported."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.exposition.catalogue import BENCHMARKS, CLUSTER, HOST, OWN, PM2, REDIS
from monitoring.exposition.compat import DECLARED
from monitoring.exposition.pm2_series import CAUSES, MAX_PROCESSES, STATUSES
from monitoring.exposition.run_series import MAX_KINDS
from tests.fixtures.server import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES, CONFIG = PROMETHEUS / "pm2site.rules.yml", PROMETHEUS / "prometheus.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "pm2site.json"
DOCUMENT = (ROOT / "docs" / "metrics.md").read_text()
EXPORTED = HOST | PM2 | CLUSTER | BENCHMARKS | OWN | REDIS
OF_THE_LIBRARY = {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds"}
SUMMARIES = {
    f"{series.name}_{part}" for series in OWN.values() if series.kind == "summary" for part in ("sum", "count")
}
SECTIONS = {
    "### Host": HOST, "### PM2": PM2, "### Redis Cluster": CLUSTER, "### Benchmarks": BENCHMARKS,
    "### This server": OWN, "## A Redis node": REDIS, "## Names of other exporters": DECLARED,
}  # fmt: skip


def documented(heading: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Name, labels and meaning of each row of a section. Tables with two columns follow a line with their labels."""
    section = re.split(r"^##+ ", DOCUMENT.split(f"\n{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    labels: tuple[str, ...] = ()
    for line in section.splitlines():
        if line.startswith("With the labels "):
            labels = tuple(re.findall("`([a-z_]+)`", line))
        elif line.startswith("| `"):
            name, *own, meaning = (cell.strip() for cell in line[1:-1].split("|"))
            yield name.strip("`"), tuple(filter(None, own[0].split(", "))) if own else labels, meaning


@pytest.mark.parametrize("heading", list(SECTIONS))
def test_every_series_has_its_row(heading: str) -> None:
    rows = {name: (labels, meaning) for name, labels, meaning in documented(heading)}

    assert rows == {name: (series.labels, series.meaning) for name, series in SECTIONS[heading].items()}


def test_the_limits_are_those_of_the_code() -> None:
    assert f"At most {MAX_PROCESSES} instances" in DOCUMENT
    assert f"{MAX_KINDS} targets with endpoints" in DOCUMENT


def selectors(expression: str) -> list[tuple[str, dict[str, str]]]:
    """Names of series in an expression, each with what its selector requires of the labels."""
    text_of = re.sub(r'"[^"]*"', lambda match: match[0].replace("{", "(").replace("}", ")"), expression)
    names = re.findall(r"\b((?:pm2site|pm2|redis|process|python)_\w+|up)\b(?:\{([^}]*)\})?", text_of)
    return [(name, dict(re.findall(r'(\w+)(?:=~|!=|=)"([^"]*)"', matchers))) for name, matchers in names]


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def dashboard_expressions() -> list[str]:
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    queries = [variable["definition"] for variable in dashboard["templating"]["list"] if "definition" in variable]
    return [*expressions, *queries, *(one["expr"] for one in dashboard["annotations"]["list"])]


def test_rules_and_dashboard_use_series_and_labels_that_exist() -> None:
    expressions = [*(rule["expr"] for rule in rules()), *dashboard_expressions()]
    used = [selector for expression in expressions for selector in selectors(expression)]
    unknown = [name for name, _ in used if name not in EXPORTED and name not in OF_THE_LIBRARY | SUMMARIES | {"up"}]
    of_prometheus = {"job", "instance"}
    wrong = [
        (name, label)
        for name, matchers in used
        for label in matchers.keys() - of_prometheus
        if name in EXPORTED and label not in EXPORTED[name].labels
    ]

    assert (unknown, wrong) == ([], [])
    assert len(used) > 60


def test_rules_and_dashboard_compare_with_values_that_exist() -> None:
    used = [selector for rule in rules() for selector in selectors(rule["expr"])]
    values = {label: set(text.split("|")) for _, matchers in used for label, text in matchers.items()}

    assert values["cause"] < set(CAUSES)
    assert values["status"] < set(STATUSES)


def test_each_rule_names_labels_that_its_series_have() -> None:
    for rule in rules():
        named = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        labels = {label for name, _ in selectors(rule["expr"]) if name != "up" for label in EXPORTED[name].labels}

        assert named <= labels | {"job", "instance"}, rule["alert"]


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    cells = [
        (column, line)
        for place in (panel["gridPos"] for panel in panels)
        for column in range(place["x"], place["x"] + place["w"])
        for line in range(place["y"], place["y"] + place["h"])
    ]

    assert len(set(cells)) == len(cells)
    assert {column for column, _ in cells} == set(range(24))
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_document_has_the_scrape_configuration_of_the_file() -> None:
    [block] = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    file = yaml.safe_load(CONFIG.read_text())["scrape_configs"]
    file[1]["http_sd_configs"][0].pop("refresh_interval")

    assert yaml.safe_load(block)["scrape_configs"] == file


def promtool(*arguments: str, cwd: Path = PROMETHEUS) -> str:
    argv = ["promtool", *arguments]
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.real
def test_promtool_accepts_configuration_and_rules() -> None:
    assert "SUCCESS" in promtool("check", "config", "--syntax-only", CONFIG.name)
    assert f"SUCCESS: {len(rules())} rules found" in promtool("check", "rules", "--lint-fatal", RULES.name)


@pytest.mark.real
def test_every_alert_fires_when_it_should_and_not_otherwise() -> None:
    file = Path(__file__).with_name("alerts.yml")
    tested = {
        case["alertname"] for test in yaml.safe_load(file.read_text())["tests"] for case in test["alert_rule_test"]
    }

    assert tested == {rule["alert"] for rule in rules()}
    assert "SUCCESS" in promtool("test", "rules", file.name, cwd=file.parent)
