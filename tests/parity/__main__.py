"""`python -m tests.parity` writes docs/parity.md, and names the page's actions that no test performs in Chromium."""

from __future__ import annotations

import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pm2site.settings")
    django.setup()
    from tests.parity import browser, document

    table, performed = browser.actions(), browser.performed()
    path = browser.ROOT / "docs/parity.md"
    path.write_text(document.render(table, performed), encoding="utf-8")
    missing = document.untested(table, performed)
    print(f"{path}: {len(table) - len(missing)} of {len(table)} actions of the page are performed in Chromium")
    for id in missing:
        print(f"no test: {id}")


if __name__ == "__main__":
    main()
