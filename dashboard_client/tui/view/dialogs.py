"""Draws windows over the panels: menu, palette, prompts, confirmations, forms. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.width import padded, width_of, wrapped
from dashboard_client.tui.model import layout, prompts
from dashboard_client.tui.model.matching import palette_matches
from dashboard_client.tui.model.rows import first_shown
from dashboard_client.tui.model.server_requests import Confirmation
from dashboard_client.tui.model.windows import Confirm, Form, Menu, Palette, Prompt
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style

CURSOR = "_"
FORM_WIDTH = 68
MAX_PROBLEM_LINES = 5


def draw_window(
    frame: Frame, glyphs: Glyphs, height: int, width: int, title: str, right: str = "", *, is_danger: bool = False
) -> Rect:
    """Draw an empty centred box; returns the inner area with one cell of horizontal margin."""
    body = Rect(1, 0, max(0, frame.height - 2), frame.width)
    rect = layout.centred(body, height, width)
    frame.fill(rect)
    frame.box(rect, glyphs.lines, Style.BAD if is_danger else Style.FOCUS)
    frame.text_on_border(rect.y, rect, (title, Style.BAD if is_danger else Style.TITLE), (right, Style.DIM))
    inner = rect.inner
    return Rect(inner.y, inner.x + 1, inner.height, max(0, inner.width - 2))


def draw_menu(frame: Frame, menu: Menu, glyphs: Glyphs) -> None:
    """Sections are headings; scrolls to the cursor."""
    lines: list[tuple[str, int | None]] = []
    section = ""
    for index, item in enumerate(menu.items):
        if item.section != section:
            lines += [("", None)] * bool(lines) + [(item.section, None)]
            section = item.section
        lines.append((item.title, index))
    box = draw_window(frame, glyphs, len(lines) + 2, 60, "Menu", "Enter")
    at = next((number for number, (_, index) in enumerate(lines) if index == menu.cursor), 0)
    first = first_shown(len(lines), at, box.height)
    for y, (text, item_index) in enumerate(lines[first : first + box.height]):
        if item_index is None:
            frame.text(box.y + y, box.x, text, Style.KEY, box.width)
        else:
            is_selected = item_index == menu.cursor
            style = Style.SELECTED if is_selected else Style.PLAIN
            frame.text(box.y + y, box.x, glyphs.selected if is_selected else " ", Style.FOCUS, 1)
            frame.text(box.y + y, box.x + 1, padded(f" {text}", box.width - 1), style, box.width - 1)


def draw_palette(frame: Frame, palette: Palette, glyphs: Glyphs) -> None:
    matches = palette_matches(palette.items, palette.text)
    box = draw_window(frame, glyphs, 18, 68, "Command", f"{len(matches)} of {len(palette.items)}")
    frame.text(box.y, box.x, f":{palette.text}{CURSOR}", Style.BOLD, box.width)
    rest = Rect(box.y + 1, box.x, max(0, box.height - 1), box.width)
    at = max(0, min(palette.cursor, len(matches) - 1))
    first = first_shown(len(matches), at, rest.height)
    for y, item in enumerate(matches[first : first + rest.height]):
        style = Style.SELECTED if first + y == at else Style.PLAIN
        text = f"{padded(item.section, 13)} {item.title}"
        frame.text(rest.y + y, rest.x, padded(text, rest.width), style, rest.width)
        if item.key:
            frame.right(rest.y + y, rest.right - 1, item.key, style)
    if not matches and rest.height:
        frame.text(rest.y, rest.x, "no matching command", Style.DIM, rest.width)


def draw_prompt(frame: Frame, prompt: Prompt, glyphs: Glyphs) -> None:
    """The input, with a preview of its meaning below."""
    meaning = {
        "server": prompts.describe_server,
        "nodes": prompts.describe_topology,
        "start": prompts.describe_instances,
        "scale": prompts.describe_instances,
    }.get(prompt.kind)
    described = meaning(prompt.text, prompt.limit) if meaning and prompt.text.strip() else "leave empty to cancel"
    preview = prompt.problem or described
    box = draw_window(frame, glyphs, 7, 64, prompt.title, "Enter  Esc")
    start = max(0, len(prompt.text) + 1 - box.width + 2)
    answer = Style.SELECTED if prompt.is_untouched and prompt.text else Style.BOLD
    parts = (("> ", Style.BOLD), (prompt.text[start:], answer), (CURSOR, Style.BOLD))
    frame.segments(box.y + 1, box.x, parts, box.width)
    style = Style.BAD if prompt.problem else Style.WARN if preview.startswith("Warning") else Style.DIM
    for index, line in enumerate(wrapped(preview, box.width)[:2]):
        frame.text(box.y + 3 + index, box.x, line, style, box.width)


def draw_confirm(frame: Frame, confirm: Confirm, glyphs: Glyphs) -> None:
    """The action, the server and everything that it affects, as of when the confirmation was opened."""
    request = confirm.request
    room = max(0, frame.height - 8)  # leaves room for the question
    visible = request.affected[: room - (len(request.affected) > room)] if room else ()
    more = len(request.affected) - len(visible)
    lines = [*visible, *([f"and {more} more"] if more else [])]
    where = confirm.server if width_of(request.title) + width_of(confirm.server) + 8 <= min(66, frame.width) else ""
    box = draw_window(frame, glyphs, len(lines) + 7 if room else 4, 66, request.title, where, is_danger=True)
    if room:
        frame.text(box.y, box.x, "Targets:", Style.PLAIN, box.width)
    for index, line in enumerate(lines):
        frame.text(box.y + 1 + index, box.x, f"  {line}", Style.BOLD, box.width)
    y = box.y + (len(lines) + 2 if room else 0)
    if request.confirmation is Confirmation.WORD:
        question, answer = f"Type {request.word} and Enter to confirm: ", f"{confirm.typed}{CURSOR}"
        is_wide = width_of(question) + len(request.word) + 1 <= box.width
        frame.text(y, box.x, question if is_wide else f"{request.word}? ", Style.PLAIN, box.width)
        x = box.x + width_of(question if is_wide else f"{request.word}? ")
        frame.text(y, x, answer, Style.BOLD, max(0, box.right - x))
        if y + 1 < box.bottom:
            frame.text(y + 1, box.x, "Enter with any other text, or Esc, cancels.", Style.DIM, box.width)
    else:
        frame.segments(y, box.x, (("y", Style.KEY), (" yes    ", Style.PLAIN)), box.width)
        frame.text(y, box.x + 10, " Cancel (Enter) ", Style.SELECTED, max(0, box.width - 10))


def draw_form(frame: Frame, form: Form, glyphs: Glyphs) -> None:
    title = f"Benchmark {form.framework} {form.method} {form.endpoint}".rstrip()
    problem = (
        wrapped(form.problem, max(1, min(FORM_WIDTH, frame.width) - 4))[:MAX_PROBLEM_LINES] if form.problem else []
    )
    right = "asking the server…" if form.sent else "Enter runs it"
    box = draw_window(frame, glyphs, len(form.fields) + 4 + max(1, len(problem)), FORM_WIDTH, title, right)
    for index, (field, text) in enumerate(zip(form.fields, form.values, strict=True)):
        is_current = index == form.cursor
        frame.text(box.y + 1 + index, box.x, f"{field.label:>20}  ", Style.KEY if is_current else Style.DIM, box.width)
        visible = f"{text}{CURSOR}" if is_current else text or field.default
        style = Style.BOLD if is_current else Style.PLAIN if text else Style.DIM
        x = frame.text(box.y + 1 + index, box.x + 22, visible, style, max(0, box.width - 22))
        if is_current:
            hint = field.hint if text or not field.default else f"{field.default}   {field.hint}".rstrip()
            frame.text(box.y + 1 + index, x + 1, hint, Style.DIM, max(0, box.right - x - 1))
    for index, line in enumerate(problem):
        frame.text(box.bottom - len(problem) + index, box.x, line, Style.BAD, box.width)
