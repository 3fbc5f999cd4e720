"""`manage.py import_bench_history [FILE]`: imports a history file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from benchmarks.errors import HistoryUnreadable, ImportIncomplete
from benchmarks.history import importer
from system.lib.commands import CommandLine
from system.lib.text import printable


class Command(CommandLine):
    help = "Import .bench-history.json or a JSON export. Known results are skipped; FILE is not modified."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            nargs="?",
            type=Path,
            help="default: BENCH_HISTORY_FILE, else .bench-history.json here or beside manage.py",
        )

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        try:
            report = importer.import_file(file) if file else importer.import_default_file()
        except (HistoryUnreadable, ImportIncomplete) as error:
            raise CommandError(str(error)) from error
        if report is None:
            raise CommandError("There is no .bench-history.json here or beside manage.py. Pass the path of the file.")
        for rejected in report.bad:
            self.stderr.write(printable(f"entry {rejected.index} rejected: {rejected.reason}"))
        self.stdout.write(printable(f"{report.path}: {report.imported} imported, {report.skipped} already known"))
