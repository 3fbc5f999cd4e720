"""The documents match the program: settings, make targets, files, links."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def read_settings() -> set[str]:
    """Every environment variable that settings.py reads."""
    source = (ROOT / "pm2site" / "settings.py").read_text()
    return set(re.findall(r'env\.[a-z_]+\(\s*"([A-Z0-9_]+)"', source))


def client_settings() -> set[str]:
    """Every environment variable that the client reads."""
    source = (ROOT / "dashboard_client" / "config.py").read_text()
    return set(re.findall(r'environ(?:\.get\(|, )"([A-Z0-9_]+)"', source))


def test_the_readme_has_a_row_for_every_setting() -> None:
    rows = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", README, re.MULTILINE))

    assert rows == read_settings() | client_settings()


def test_make_has_the_targets_that_the_readme_names() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))

    assert set(re.findall(r"\bmake ([a-z-]+)\b", README)) - {"it"} <= targets
    assert targets == {
        "help", "setup", "run", "dev", "demo", "admin", "dashboard", "test", "test-fast", "coverage", "check", "bench",
        "fmt", "clean",
    }  # fmt: skip


def test_links_between_documents_are_not_broken() -> None:
    for document in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        links = re.findall(r"\]\(([A-Za-z/_.]+)\)", (ROOT / document).read_text())
        assert [link for link in links if not (ROOT / link).exists()] == []


def test_architecture_names_files_that_exist() -> None:
    paths = re.findall(
        r"`((?:system|pm2|pm2site|rediscluster|benchmarks|dashboard_client|tests|perf)/[\w/.*]+)`",
        (ROOT / "ARCHITECTURE.md").read_text(),
    )

    assert [path for path in paths if not list(ROOT.glob(path.rstrip("/")))] == []
