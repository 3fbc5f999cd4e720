"""The page: one document for every view, with the responses of the API that the view needs at once embedded in it."""

from __future__ import annotations

import copy
import json
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import URLPattern, path, resolve
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from pm2site.web import assets, summary
from pm2site.web.views import COMMON_READS, VIEWS, View

log = structlog.get_logger("pm2site.web")


def urls() -> list[URLPattern]:
    return [path(view.path, page, {"view": view}, name=view.name) for view in VIEWS]


@require_safe
@gzip_page
def page(request: HttpRequest, view: View, **values: Any) -> HttpResponse:
    reads = [*COMMON_READS, *(url.format(**values) for url in view.reads)]
    responses = {url: response for url in reads if (response := read(request, url)) is not None}
    files = assets.current()
    context = {
        "title": view.title,
        "first_state": {"responses": responses, "version": files.version},
        "summary": summary.lines(responses),
        "views": [other for other in VIEWS if "<" not in other.path],
        "modules": [files.url(name) for name in files.modules("main.js", f"views/{view.module}.js")],
    }
    return render(request, "page.html", context)


def read(request: HttpRequest, url: str) -> Any:
    """The response of the API to the same client's GET of `url`, as JSON; None if it is an error, which the page then
    gets when it requests the URL itself."""
    parts = urlsplit(url)
    inner: Any = copy.copy(request)
    inner.__dict__.update(GET=QueryDict(parts.query), path=parts.path, path_info=parts.path)
    inner.META = {
        **request.META,
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "HTTP_ACCEPT": "application/json",
    }
    match = resolve(parts.path)
    try:
        response = match.func(inner, *match.args, **match.kwargs)
        if hasattr(response, "render"):
            response.render()
    except Exception as error:  # noqa: BLE001 - one part that fails must not take the page with it
        log.warning("a part of the page could not be read", url=url, error=str(error))
        return None
    return json.loads(response.content) if response.status_code == 200 and not response.streaming else None
