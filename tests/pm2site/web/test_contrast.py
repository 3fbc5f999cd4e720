"""The contrast of the page's colours, computed as WCAG 2.1 defines it, from the custom properties of colours.css."""

from __future__ import annotations

import re
from itertools import product

import pytest

from pm2site.web.assets import FOLDER

TEXT, GRAPHICS = 4.5, 3.0  # success criteria 1.4.3 and 1.4.11
GROUNDS = ("ground", "surface", "raised")
TEXTS = ("text", "dim", "accent", "ok", "warn", "bad", "info")
MARKS = ("chart-1", "chart-2", "chart-3", "chart-4", "chart-5", "chart-6")
ANNOTATIONS = ("mark-exit", "mark-run", "mark-deploy", "mark-other")

Theme = dict[str, str]


def themes() -> dict[str, list[Theme]]:
    """The properties of each block by its scheme: dark ones stand twice, for the system's choice and the person's."""
    blocks = re.findall(r"([^{}]*)\{([^{}]*)\}", (FOLDER / "colours.css").read_text(encoding="utf-8"))
    by_scheme: dict[str, list[Theme]] = {"light": [], "dark": []}
    for selector, body in blocks:
        colours = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", body))
        if colours:
            is_dark = 'not([data-theme="light"])' in selector or 'data-theme="dark"' in selector
            by_scheme["dark" if is_dark else "light"].append(colours)
    return by_scheme


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def too_low(theme: Theme, names: tuple[str, ...], grounds: tuple[str, ...], least: float) -> list[str]:
    pairs = ((name, ground, contrast(theme[name], theme[ground])) for name, ground in product(names, grounds))
    return [f"{name} on {ground}: {ratio:.2f}" for name, ground, ratio in pairs if ratio < least]


def test_contrast_is_computed_as_wcag_defines_it() -> None:
    assert contrast("#000000", "#ffffff") == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


def test_both_ways_to_dark_have_the_same_colours() -> None:
    by_scheme = themes()

    assert [len(by_scheme["light"]), len(by_scheme["dark"])] == [1, 2]
    assert by_scheme["dark"][0] == by_scheme["dark"][1]
    assert by_scheme["light"][0].keys() == by_scheme["dark"][0].keys()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_graphics_stand_out_from_every_ground(scheme: str) -> None:
    theme = themes()[scheme][0]

    assert too_low(theme, TEXTS, GROUNDS, TEXT) == []
    assert too_low(theme, ("on-accent",), ("accent",), TEXT) == []
    assert too_low(theme, (*MARKS, *ANNOTATIONS), GROUNDS, GRAPHICS) == []
