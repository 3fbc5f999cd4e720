"""What PM2 writes around a line: a time in the app's `log_date_format`, or JSON (`log_type`). [pure]"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from pm2.logs.log_lines import MAX_LINE_CHARACTERS

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
# The tokens of dayjs without plugins, which PM2 formats with (dayjs, constant.js: REGEX_FORMAT) → what they write.
_TOKEN = re.compile(r"\[([^\]]+)]|Y{1,4}|M{1,4}|D{1,2}|d{1,4}|H{1,2}|h{1,2}|a|A|m{1,2}|s{1,2}|Z{1,2}|SSS")
_ONE_OR_TWO = r"\d\d?"
_WRITTEN: Mapping[str, tuple[str, str]] = {  # token → the field that it states, and its pattern
    "YYYY": ("year", r"\d{4}"), "YY": ("year", r"\d\d"), "MM": ("month", r"\d\d"), "M": ("month", _ONE_OR_TWO),
    "MMM": ("month", "|".join(name[:3] for name in _MONTHS)), "MMMM": ("month", "|".join(_MONTHS)),
    "DD": ("day", r"\d\d"), "D": ("day", _ONE_OR_TWO), "HH": ("hour", r"\d\d"), "H": ("hour", _ONE_OR_TWO),
    "hh": ("hour12", r"\d\d"), "h": ("hour12", _ONE_OR_TWO), "A": ("half", "AM|PM"), "a": ("half", "am|pm"),
    "mm": ("minute", r"\d\d"), "m": ("minute", _ONE_OR_TWO), "ss": ("second", r"\d\d"), "s": ("second", _ONE_OR_TWO),
    "SSS": ("fraction", r"\d{3}"), "Z": ("zone", r"[+-]\d\d:\d\d"), "ZZ": ("zone", r"[+-]\d{4}"),
    "d": ("", r"\d"), "dd": ("", "|".join(name[:2] for name in _DAYS)),
    "ddd": ("", "|".join(name[:3] for name in _DAYS)), "dddd": ("", "|".join(_DAYS)),
}  # fmt: skip
# The format of `--time`, and what apps with a format in ISO 8601 wrote before it was changed.
ISO = ""  # as a format: none of the app, but maybe one in ISO 8601
_ISO_PATTERN = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ](?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
    r"(?:\.(?P<fraction>\d{1,6}))?(?: ?(?P<zone>Z|[+-]\d\d:?\d\d))?: ?",
    re.ASCII,
)


MAX_TOKENS = 12  # every token of one or two digits doubles the ways to read a line
_FIRST_CHARACTERS = "{0123456789"  # of JSON, and of a time in ISO 8601
_JSON_KEYS = {"message", "timestamp", "type", "process_id", "app_name"}  # PM2, ForkMode.js: transformLogToJson


class ParsedLine(NamedTuple):
    """A line without what PM2 wrote around it. `at` is None if that states no time."""

    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class LineFormat:
    """`date_format`: the app's `log_date_format`, empty without one. `is_json`: its `log_type` is `json`."""

    date_format: str = ""
    is_json: bool = False

    def parse(self, line: str) -> list[ParsedLine]:
        """The lines of the app in one line of the file: several if it is JSON, otherwise one. Text beyond
        `MAX_LINE_CHARACTERS` is cut off. A line in another format is parsed too, as it may be from before a change."""
        parsed = self._parse_json(line) if line.startswith('{"message":') else None
        return [ParsedLine(at, text[:MAX_LINE_CHARACTERS]) for at, text in parsed or [self._split_time(line)]]

    def is_bare(self, line: str) -> bool:
        """Whether `parse` would return the line as it is. False if that takes more than a look: for floods of lines."""
        return not self.date_format and line[:1] not in _FIRST_CHARACTERS and len(line) <= MAX_LINE_CHARACTERS

    def states_times(self) -> bool:
        """Whether every line that PM2 writes now has a time that can be read."""
        if self.is_json and not self.date_format:
            return True
        return bool(self.date_format) and _compile(self.date_format) is not None

    def _parse_json(self, line: str) -> list[tuple[datetime | None, str]] | None:
        """None if PM2 did not write the line."""
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if entry.keys() != _JSON_KEYS or not isinstance(entry["message"], str):
            return None
        stamp = entry["timestamp"]
        at = self._split_time(f"{stamp}: ")[0] if isinstance(stamp, str) else None
        message = entry["message"].encode(errors="replace").decode()
        return [(at, text.removesuffix("\r")) for text in message.removesuffix("\n").split("\n")]

    def _split_time(self, line: str) -> tuple[datetime | None, str]:
        for date_format in (self.date_format, ISO) if self.date_format else (ISO,):
            pattern = _compile(date_format)
            match = pattern.match(line) if pattern else None
            if match and (at := _read_time(date_format, match[0])):
                return at, line[match.end() :]
        return None, line


NO_FORMAT = LineFormat()


@lru_cache(maxsize=256)
def _compile(date_format: str) -> re.Pattern[str] | None:
    """A pattern for what dayjs writes in this format, and the colon that PM2 adds; None if that states no date or no
    time of day, or contains what dayjs does not format. For ISO any format in ISO 8601."""
    if date_format == ISO:
        return _ISO_PATTERN
    tokens = list(_TOKEN.finditer(date_format))
    if len(tokens) > MAX_TOKENS:
        return None
    parts: list[str] = []
    fields: set[str] = set()
    position = 0
    for token in tokens:
        parts.append(re.escape(date_format[position : token.start()]))
        position = token.end()
        if token[1] is not None:
            parts.append(re.escape(token[1]))
            continue
        if token[0] not in _WRITTEN:
            return None
        field, written = _WRITTEN[token[0]]
        parts.append(f"(?P<{field}>{written})" if field and field not in fields else f"(?:{written})")
        fields.add(field)
    parts.append(re.escape(date_format[position:]))
    has_hour = "hour" in fields or {"hour12", "half"} <= fields
    if not {"year", "month", "day", "minute"} <= fields or not has_hour:
        return None
    return re.compile("".join(parts) + ": ?", re.ASCII)


@lru_cache(maxsize=1024)  # in a flood many lines have the same time
def _read_time(date_format: str, prefix: str) -> datetime | None:
    """The time of a prefix in this format; None if there is no such time. Without a zone it is local time, as PM2
    writes it."""
    pattern = _compile(date_format)
    match = pattern.match(prefix) if pattern else None
    try:
        return None if match is None else _read_fields(match.groupdict()).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _read_fields(fields: Mapping[str, str | None]) -> datetime:
    """Raises ValueError, OverflowError."""
    values = {name: text for name, text in fields.items() if text}
    month, zone = values["month"], values.get("zone")
    hour = int(values["hour"]) if "hour" in values else int(values["hour12"]) % 12
    if "hour" not in values and values["half"].lower() == "pm":
        hour += 12
    return datetime(
        int(values["year"]) + (2000 if len(values["year"]) == 2 else 0),
        int(month) if month.isdigit() else 1 + [name[:3] for name in _MONTHS].index(month[:3]),
        int(values["day"]),
        hour,
        int(values["minute"]),
        int(values.get("second", 0)),
        int(values.get("fraction", "").ljust(6, "0")),
        _read_zone(zone) if zone else None,
    )


def _read_zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    minutes = 60 * int(text[1:3]) + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
