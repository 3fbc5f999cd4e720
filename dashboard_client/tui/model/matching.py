"""Finding by typing: entries of the palette, lines of a log. [pure]"""

from __future__ import annotations

from dashboard_client.tui.model.actions import Offer
from dashboard_client.tui.model.rows import matches
from dashboard_client.tui.model.windows import Logs
from dashboard_client.wire.host_and_pm2 import LogLine


def palette_matches(offers: tuple[Offer, ...], text: str) -> tuple[Offer, ...]:
    """Entries that hold every word; those whose title begins with the first word come first."""
    words = text.lower().split()
    if not words:
        return offers
    found = [each for each in offers if all(word in f"{each.section} {each.title}".lower() for word in words)]
    return tuple(sorted(found, key=lambda each: not each.title.lower().startswith(words[0])))


def is_match(line: LogLine, search: str) -> bool:
    return bool(search) and matches(f"{line.name} {line.text}", search)


def found_in(logs: Logs, *, upwards: bool) -> int:
    """How far to scroll back for the next line that matches; unchanged when there is none."""
    count = len(logs.lines)
    here = count - logs.back
    ways = range(here - 2, -1, -1) if upwards else range(here, count)
    at = next((index for index in ways if is_match(logs.lines[index], logs.search)), None)
    return logs.back if at is None else count - at - 1
