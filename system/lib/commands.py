"""Base class of our `manage.py` commands: errors on stderr as `[ERROR] sentence`, with the exit code."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class CommandLine(BaseCommand):
    """Prints a CommandError without the class name that Django would put before it."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            if not getattr(self, "_called_from_command_line", False) or options.get("traceback"):
                raise
            self.stderr.write(f"[ERROR] {error}")
            sys.exit(error.returncode)
