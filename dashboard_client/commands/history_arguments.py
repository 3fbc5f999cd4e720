"""The flags and the help of `run history`: of metrics, and the export of that of benchmarks."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from dashboard_client.commands.parser import add_json_option, at_least
from dashboard_client.network.endpoints import EXPORT_MEDIA_TYPES

A_TIME_BEFORE_NOW = re.compile(r"-\d+[smhdw]?$")  # no option, though it begins with a dash
HISTORY_EPILOG = """\
  history                                    the metrics, with their subjects
  history host.cpu                           the CPU of the host in the last hour
  history app.cpu api --from -1d             of an app under PM2 since yesterday
  history instance.memory api:3 --from -14d --csv > memory.csv
  history redis.ops 7000 --from 2026-11-26T22:00:00Z --to 2026-11-27T06:00:00Z
  history export -o runs.csv --format csv    the history of benchmarks

Times are ISO 8601, or a duration before now: 90s, 15m, 6h, 14d, 2w."""


def add_history_verbs(history: argparse.ArgumentParser) -> None:
    history.set_defaults(verb="show", needs_no_word=True)
    verbs = history.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add_metric(
        verbs.add_parser(
            "show", help="a metric over time; the default", epilog=HISTORY_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )  # fmt: skip
    add_json_option(verbs.add_parser("metrics", help="the metrics that are recorded, with their subjects"))
    export = verbs.add_parser("export", help="print the benchmark history, or write it to a file")
    add = export.add_argument
    add("-o", "--output", type=Path, metavar="FILE", help="replaced once the export is complete (default: stdout)")
    add("--format", choices=tuple(EXPORT_MEDIA_TYPES), default="json", help="default: %(default)s")
    add("--json", dest="format", action="store_const", const="json", help="the same as --format json")
    add("--framework", metavar="NAME", help="only runs of this framework")
    add("--endpoint", metavar="PATH", help="only runs of this endpoint, such as /simple")
    add("--since", metavar="TIME", help="only runs from this time on, ISO 8601")
    add("--until", metavar="TIME", help="only runs before this time, ISO 8601")
    add("--validity", choices=("valid", "caution", "invalid"), help="only runs of this validity")


def _add_metric(show: argparse.ArgumentParser) -> None:
    show._negative_number_matcher = A_TIME_BEFORE_NOW
    add = show.add_argument
    add("metric", metavar="METRIC", nargs="?", help="such as host.cpu or app.memory (default: list them)")
    subject = "an app's name, NAME:PM_ID of an instance, or the port of a Redis node"
    add("subject", metavar="SUBJECT", nargs="?", help=subject)
    add("--from", dest="start", metavar="TIME", help="ISO 8601, or a duration before now (default: -1h)")
    add("--to", dest="end", metavar="TIME", help="the same (default: now)")
    add("--points", type=at_least(1), metavar="N", help="about how many; the server chooses the resolution")
    form = show.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the server's response")
    form.add_argument("--csv", action="store_true", help="time,min,mean,max; a gap has no row")
