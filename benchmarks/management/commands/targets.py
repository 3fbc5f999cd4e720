"""`manage.py targets list|export|import`: own targets, and the file that keeps them in a repository."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from benchmarks.targets import store, toml_file
from benchmarks.targets.errors import TargetsUnreadable
from system.lib.commands import CommandLine
from system.lib.quantities import pluralize
from system.lib.text import printable


class Command(CommandLine):
    help = "List own targets, write them to a TOML file, or create and replace them from one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="one line for each own target")
        verbs.add_parser("export", help="write all own targets; credentials are left out").add_argument(
            "file", type=Path
        )
        verbs.add_parser("import", help="create or replace the targets of a file, all or none").add_argument(
            "file", type=Path
        )

    def handle(self, *args: Any, verb: str, file: Path | None = None, **options: Any) -> None:
        if file is None:
            for target in store.list_stored():
                endpoints = ", ".join(endpoint.key for endpoint in target.endpoints)
                self.stdout.write(printable(f"{target.name}  {target.url or target.pm2}  {endpoints}"))
            return
        try:
            if verb == "export":
                self.stdout.write(f"{file}: {pluralize(toml_file.export_targets(file), 'target')} written")
            else:
                self.stdout.write(f"{file}: {pluralize(toml_file.import_targets(file, 'manage.py'), 'target')} read")
        except (TargetsUnreadable, OSError) as error:
            raise CommandError(printable(str(error))) from error
