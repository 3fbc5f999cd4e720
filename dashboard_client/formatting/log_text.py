"""Formats a log line. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.figures import clock
from dashboard_client.wire.host_and_pm2 import LogLine


def log_text(line: LogLine, *, has_time: bool) -> str:
    at = f"{clock(line.at.astimezone() if line.at else None)} " if has_time else ""
    source = f"{line.name}{'' if line.pm_id is None else f' {line.pm_id}'}"
    return f"{at}{source} {'!' if line.stream == 'err' else '|'} {line.text}"
