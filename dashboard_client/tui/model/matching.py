"""Text search in palette items and log lines. [pure]"""

from __future__ import annotations

from dashboard_client.tui.model.menu_items import MenuItem
from dashboard_client.tui.model.rows import matches_filter
from dashboard_client.tui.model.windows import Logs
from dashboard_client.wire.host_and_pm2 import LogLine


def palette_matches(items: tuple[MenuItem, ...], text: str) -> tuple[MenuItem, ...]:
    """Items containing every word of `text`; those whose title starts with the first word come first."""
    words = text.lower().split()
    if not words:
        return items
    matches = [item for item in items if all(word in f"{item.section} {item.title}".lower() for word in words)]
    return tuple(sorted(matches, key=lambda item: not item.title.lower().startswith(words[0])))


def is_match(line: LogLine, search: str) -> bool:
    return bool(search) and matches_filter(f"{line.name} {line.text}", search)


def find_log_match(logs: Logs, *, upwards: bool) -> int:
    """The `lines_back` that shows the next matching line; unchanged if there is none."""
    count = len(logs.lines)
    end = count - logs.lines_back
    indexes = range(end - 2, -1, -1) if upwards else range(end, count)
    match = next((index for index in indexes if is_match(logs.lines[index], logs.search)), None)
    return logs.lines_back if match is None else count - match - 1
