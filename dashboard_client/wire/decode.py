"""From any JSON whatsoever to a frozen dataclass, or one WireError. [pure]

What a server sends is not trusted: fields of a wrong type become their defaults, unknown ones are ignored, elements
of a list that cannot be read are left out, texts lose everything that could drive a terminal. Only a field
without a default must be there.
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
MAX_WHOLE = 2**63  # beyond it a number is a mistake, and arithmetic with floats overflows
YEARS = range(1971, 9999)  # others cannot be moved into every time zone

# C0, DEL, C1; lone surrogates; marks that reorder or hide text (UAX #9, zero width).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
# Whole sequences: CSI, OSC and the other strings with their end, and what two characters make.
_SEQUENCE = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b[ -/]*[0-~]")
_SPACES = frozenset("\t\n\r\v\f\x85\u2028\u2029")

Reader = Callable[[object], object]
T = typing.TypeVar("T")


def clean(text: str) -> str:
    """`text` in which nothing can drive a terminal, on one line, of bounded length."""
    cut = text[:MAX_TEXT]
    return cut if cut.isascii() and cut.isprintable() else _UNSAFE.sub(_harmless, _SEQUENCE.sub("", cut))


def _harmless(match: re.Match[str]) -> str:
    character = match[0]
    if character in _SPACES:
        return " "
    return "\N{REPLACEMENT CHARACTER}" if "\ud800" <= character <= "\udfff" else ""


def decode(text: str | bytes) -> object:
    """JSON as Python has it. Raises WireError."""
    try:
        shape: object = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError("The answer is not JSON.") from None
    return shape


def read(kind: type[T], shape: object) -> T:
    """`shape` as a `kind`. Raises WireError."""
    if not isinstance(shape, dict):
        raise WireError(f"Where {_words(kind)} belongs, the server sent no JSON object.")
    values: dict[str, object] = {}
    for name, wire_name, reader, is_needed in _plan(kind):  # type: ignore[arg-type]
        try:
            values[name] = reader(shape.get(wire_name))
        except WireError:
            if is_needed:
                raise WireError(f"{_words(kind)}: {wire_name} is missing or cannot be read.") from None
    return kind(**values)


def _words(kind: type[object]) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind.__name__).lower()


@functools.cache
def _plan(kind: type[typing.Any]) -> tuple[tuple[str, str, Reader, bool], ...]:
    """Per field: name, name on the wire, reader, whether it must be there."""
    if not is_dataclass(kind):
        raise TypeError(f"{kind} is no dataclass")
    hints = typing.get_type_hints(kind)
    return tuple(
        (
            each.name,
            _camel(each.name),
            _reader(hints[each.name]),
            each.default is MISSING and each.default_factory is MISSING,
        )
        for each in fields(kind)
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _reader(hint: object) -> Reader:
    """The function that reads a value of this type, or raises WireError."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):  # only `X | None`
        return functools.partial(_optional, _reader(next(each for each in arguments if each is not NoneType)))
    if origin is tuple:
        return functools.partial(_list, _reader(arguments[0]))
    if origin is Mapping:
        return functools.partial(_map, _reader(arguments[1]))
    if isinstance(hint, type) and is_dataclass(hint):
        return functools.partial(read, hint)
    raise TypeError(f"{hint} has no reader")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise WireError("no text")
    return clean(value)


def _shown(value: object) -> str:
    """Whatever it is as a text for people; an object or list as JSON."""
    if isinstance(value, str):
        return clean(value)
    try:
        return clean(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        raise WireError("cannot be shown") from None


def _yes(value: object) -> bool:
    if not isinstance(value, bool):
        raise WireError("neither true nor false")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise WireError("no number")
    if not -MAX_WHOLE < value < MAX_WHOLE:  # NaN, too
        raise WireError("no usable number")
    return float(value)


def _whole(value: object) -> int:
    number = _number(value)
    if isinstance(value, int):
        return value
    return math.floor(number)


def _moment(value: object) -> datetime:
    if not isinstance(value, str):
        raise WireError("no time")
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WireError("no time") from None
    if moment.year not in YEARS:
        raise WireError("no time of ours")
    return moment


def _optional(reader: Reader, value: object) -> object:
    return None if value is None else reader(value)


def _list(reader: Reader, value: object) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise WireError("no list")
    return tuple(_readable(reader, value[:MAX_ITEMS]))


def _readable(reader: Reader, items: list[object]) -> typing.Iterator[object]:
    for item in items:
        try:
            yield reader(item)
        except WireError:
            continue


def _map(reader: Reader, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise WireError("no object")
    known: dict[str, object] = {}
    for key, item in list(value.items())[:MAX_ITEMS]:
        try:
            known[clean(key)] = reader(item)
        except WireError:
            continue
    return known


_SCALARS: dict[object, Reader] = {
    str: _text,
    int: _whole,
    float: _number,
    bool: _yes,
    datetime: _moment,
    object: _shown,
}
