"""A framework of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pm2.actions import action_steps, lifecycle, scaling
from pm2.frameworks import registry
from pm2.frameworks.registry import Framework, Registry
from pm2.monitor import listing
from tests.fixtures.ports import free_port


@pytest.fixture
def own_framework(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Framework]:
    """Replaces the registry by one framework with the given source, in a file outside the repository."""

    def install(source: str, *, exec_mode: str = "fork_mode", reuse_port: bool = False, name: str = "own") -> Framework:
        (tmp_path / "own.cjs").write_text(source)
        framework = Framework(
            name,
            name,
            free_port(),
            "red",
            str(tmp_path / "own.cjs"),
            True,
            "node",
            "node",
            None,
            exec_mode,
            reuse_port,
            1,
        )
        monkeypatch.setattr(registry, "registry", lambda: Registry((framework,), ()))
        for module in (listing, lifecycle, action_steps, scaling):
            monkeypatch.setattr(module, "registry", lambda: Registry((framework,), ()))
        return framework

    return install
