"""Django's command line: `pm2site COMMAND`, `python -m pm2site COMMAND` and `manage.py COMMAND`."""

from __future__ import annotations

import gc
import os
import sys

from system.host import standard_streams
from system.lib import installation

# These print sentences, not log lines.
INTERACTIVE = ("admin", "backup", "pm2", "rediscluster", "restore", "setup", "token")


# Starting makes a hundred thousand objects that stay; Python's default of 700 would look for garbage among them a
# hundred times, an eighth of the start of every command.
GC_THRESHOLD = 20_000


def main() -> None:
    gc.set_threshold(GC_THRESHOLD)
    with standard_streams.checked(is_server=sys.argv[1:2] == ["serve"]):
        _execute()


def _execute() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pm2site.settings")
    if sys.argv[1:2] and sys.argv[1] in INTERACTIVE:
        os.environ.setdefault("LOG_LEVEL", "WARNING")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.db import DatabaseError, InterfaceError
    except ModuleNotFoundError:
        install = installation.SETUP if installation.IS_CHECKOUT else "pip install 'pm2site[server]'"
        sys.exit(f"[ERROR] The server's Python packages are missing. Install them: {install}")
    from pm2site.errors import DatabaseUnusable

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, DatabaseUnusable) as error:
        sys.exit(f"[ERROR] {error}")
    except (DatabaseError, InterfaceError) as error:
        from pm2site.backup import start_checks  # needs the settings

        sys.exit(f"[ERROR] {start_checks.explain(error)}")
    except OSError as error:
        from pm2site.backup import start_checks

        if (sentence := start_checks.explain_refusal(error)) is None:
            raise
        sys.exit(f"[ERROR] {sentence}")


if __name__ == "__main__":
    main()
