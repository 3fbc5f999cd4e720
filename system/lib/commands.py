"""Base class of our `manage.py` commands: errors on stderr as `[ERROR] sentence`, with the exit code."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from system.lib.text import printable


class CommandLine(BaseCommand):
    """Prints a CommandError without the class name that Django would put before it."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            if not getattr(self, "_called_from_command_line", False) or options.get("traceback"):
                raise
            lines = (printable(line) for line in str(error).split("\n"))  # it may quote PM2, Redis or a client
            self.stderr.write("[ERROR] " + "\n".join(lines))
            sys.exit(error.returncode)
