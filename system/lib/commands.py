"""The root of `manage.py`'s commands: what went wrong is told as it reads, on stderr, with the exit code."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class CommandLine(BaseCommand):
    """Raise CommandError with a sentence; Django alone would put the name of the class before it."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            if not getattr(self, "_called_from_command_line", False) or options.get("traceback"):
                raise
            self.stderr.write(f"[ERROR] {error}")
            sys.exit(error.returncode)
