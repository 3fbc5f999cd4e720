"""`{% asset "page.css" %}`: the address of a file of the page."""

from __future__ import annotations

from django import template

from pm2site.web import assets

register = template.Library()


@register.simple_tag
def asset(path: str) -> str:
    files = assets.current()
    if path not in files.files:
        raise template.TemplateSyntaxError(f"static/pm2site/ has no file {path}.")
    return files.url(path)
