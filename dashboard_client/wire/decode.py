"""Converts untrusted JSON to frozen dataclasses, or raises WireError. [pure]

Fields of the wrong type get their defaults, unknown fields are ignored, invalid list elements are dropped, and
terminal control sequences are removed from strings. Only fields without a default are required.
"""

from __future__ import annotations

import functools
import json
import math
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from types import NoneType, UnionType

from dashboard_client.errors import WireError

MAX_TEXT = 20_000
MAX_ITEMS = 20_000
MAX_NUMBER = 2**63  # larger numbers are invalid, and float arithmetic with them overflows
YEARS = range(1971, 9999)  # years outside cannot be converted to every time zone

# C0, DEL, C1; lone surrogates; marks that reorder or hide text (UAX #9, zero width).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
# Whole sequences: CSI, OSC and other string sequences with their terminator, and two-character escapes.
_SEQUENCE = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b[ -/]*[0-~]")
_SPACES = frozenset("\t\n\r\v\f\x85\u2028\u2029")

Reader = Callable[[object], object]
T = typing.TypeVar("T")


def clean(text: str) -> str:
    """Remove terminal control sequences; one line, at most MAX_TEXT characters."""
    bounded = text[:MAX_TEXT]
    return (
        bounded
        if bounded.isascii() and bounded.isprintable()
        else _UNSAFE.sub(_replacement, _SEQUENCE.sub("", bounded))
    )


def _replacement(match: re.Match[str]) -> str:
    character = match[0]
    if character in _SPACES:
        return " "
    return "\N{REPLACEMENT CHARACTER}" if "\ud800" <= character <= "\udfff" else ""


def parse_json(text: str | bytes) -> object:
    """Raises WireError."""
    try:
        payload: object = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError("The response is not JSON.") from None
    return payload


def convert(kind: type[T], payload: object) -> T:
    """Convert a JSON object to the dataclass `kind`. Raises WireError."""
    if not isinstance(payload, dict):
        raise WireError(f"{_type_label(kind)}: the server did not send a JSON object.")
    values: dict[str, object] = {}
    for name, wire_name, reader, is_required in _field_readers(kind):  # type: ignore[arg-type]
        try:
            values[name] = reader(payload.get(wire_name))
        except WireError:
            if is_required:
                raise WireError(f"{_type_label(kind)}: {wire_name} is missing or invalid.") from None
    return kind(**values)


def _type_label(kind: type[object]) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind.__name__).lower()


@functools.cache
def _field_readers(kind: type[typing.Any]) -> tuple[tuple[str, str, Reader, bool], ...]:
    """Per field: name, JSON key, reader, whether it is required."""
    if not is_dataclass(kind):
        raise TypeError(f"{kind} is not a dataclass")
    hints = typing.get_type_hints(kind)
    return tuple(
        (
            field.name,
            _camel(field.name),
            _reader(hints[field.name]),
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(kind)
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _reader(hint: object) -> Reader:
    """Return the function that converts a value to this type or raises WireError."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, type_arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):  # only `X | None`
        return functools.partial(
            _optional, _reader(next(member for member in type_arguments if member is not NoneType))
        )
    if origin is tuple:
        return functools.partial(_list, _reader(type_arguments[0]))
    if origin is Mapping:
        return functools.partial(_mapping, _reader(type_arguments[1]))
    if isinstance(hint, type) and is_dataclass(hint):
        return functools.partial(convert, hint)
    raise TypeError(f"{hint} has no reader")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise WireError("not a string")
    return clean(value)


def _as_text(value: object) -> str:
    """Any value as text to display; objects and lists as JSON."""
    if isinstance(value, str):
        return clean(value)
    try:
        return clean(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        raise WireError("cannot be shown as text") from None


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise WireError("not a boolean")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise WireError("not a number")
    if not -MAX_NUMBER < value < MAX_NUMBER:  # also rejects NaN
        raise WireError("number out of range")
    return float(value)


def _integer(value: object) -> int:
    number = _number(value)
    if isinstance(value, int):
        return value
    return math.floor(number)


def _timestamp(value: object) -> datetime:
    if not isinstance(value, str):
        raise WireError("not a timestamp")
    try:
        timestamp = datetime.fromisoformat(value)
        timestamp = timestamp.replace(tzinfo=UTC) if timestamp.tzinfo is None else timestamp.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WireError("not a timestamp") from None
    if timestamp.year not in YEARS:
        raise WireError("timestamp out of range")
    return timestamp


def _optional(reader: Reader, value: object) -> object:
    return None if value is None else reader(value)


def _list(reader: Reader, value: object) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise WireError("not a list")
    return tuple(_readable_items(reader, value[:MAX_ITEMS]))


def _readable_items(reader: Reader, items: list[object]) -> typing.Iterator[object]:
    for item in items:
        try:
            yield reader(item)
        except WireError:
            continue


def _mapping(reader: Reader, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise WireError("not an object")
    items_by_key: dict[str, object] = {}
    for key, item in list(value.items())[:MAX_ITEMS]:
        try:
            items_by_key[clean(key)] = reader(item)
        except WireError:
            continue
    return items_by_key


_SCALARS: dict[object, Reader] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _boolean,
    datetime: _timestamp,
    object: _as_text,
}
