"""Every action of the page is performed in Chromium."""

from __future__ import annotations

import pytest

from tests.parity import browser, document

pytestmark = pytest.mark.real  # node


def test_a_test_in_chromium_performs_every_action_of_the_page() -> None:
    """Such a test has the mark `performs("ID")`; `python -m tests.parity` lists what is missing."""
    assert document.untested(browser.actions(), browser.performed()) == []
