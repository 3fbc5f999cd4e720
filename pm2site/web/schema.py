"""`/api/schema`: the OpenAPI document, built once, and `/api/docs`, which shows it."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.views import View
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

from pm2site.web import openapi_fields  # noqa: F401 - registers itself

JSON, YAML = "application/vnd.oai.openapi+json", "application/vnd.oai.openapi"
RENDERERS = {JSON: OpenApiJsonRenderer, YAML: OpenApiYamlRenderer}
PATH_PATTERNS = {
    "^.+$": r"^[^\u0000-\u001f\u007f-\u009f]+$",
    "^[^/]+$": r"^[^/\u0000-\u001f\u007f-\u009f]+$",
}
_lock = threading.Lock()
_documents: dict[str, bytes] = {}


def document(media_type: str) -> bytes:
    """The document as JSON or YAML. The first call builds it, which takes 0.3 s; others wait for that."""
    with _lock:
        if not _documents:
            schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
            for kind, renderer in RENDERERS.items():
                rendered: Any = renderer().render(schema)
                _documents[kind] = rendered if isinstance(rendered, bytes) else rendered.encode()
        return _documents[media_type]


class SchemaView(View):
    """YAML, or JSON where `Accept` or `?format=json` asks for it."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        wants_json = "json" in request.headers.get("Accept", "") or request.GET.get("format") == "json"
        media_type = JSON if wants_json else YAML
        content = document(media_type)
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
        if etag in request.headers.get("If-None-Match", ""):
            return HttpResponseNotModified(headers=headers)
        return HttpResponse(content, content_type=f"{media_type}; charset=utf-8", headers=headers)


def _exclude_control_characters(operation: dict[str, Any]) -> None:
    """What `check_head` refuses in every path."""
    for parameter in operation.get("parameters", ()):
        described = parameter["schema"]
        if parameter["in"] == "path" and described.get("pattern") in PATH_PATTERNS:
            described["pattern"] = PATH_PATTERNS[described["pattern"]]


def _require_body_with_selector(operation: dict[str, Any], components: dict[str, Any]) -> None:
    """A body none of whose fields is required, but one of several, is required."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        if "oneOf" in components.get(name, {}):
            operation["requestBody"]["required"] = True


def add_error_responses(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A post-processing hook of the generator: every operation may respond with an error, whose body is always the
    same; and what the server checks outside REST framework."""
    result["components"]["schemas"]["Error"] = {
        "type": "object",
        "description": "The body of every response with a status of 400 or above.",
        "properties": {
            "error": {"type": "string", "description": "Name of the status, e.g. `Not Found`"},
            "message": {"type": "string", "description": "A sentence for people"},
            "code": {"type": "string", "description": "For programs, e.g. `process_not_found`"},
            "requestId": {"type": "string", "description": "Also in the log, and in the header X-Request-ID"},
            "fields": {"type": "object", "additionalProperties": {}, "description": "Details by field"},
            "detail": {"type": "object", "additionalProperties": {}, "description": "In development, to this machine"},
        },
        "required": ["error", "message", "code", "requestId"],
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            _exclude_control_characters(operation)
            _require_body_with_selector(operation, result["components"]["schemas"])
            responses = operation["responses"]
            responses["4XX"] = {"description": "The request cannot be fulfilled.", "content": content}
            responses["5XX"] = {"description": "The server, PM2, Redis or a node failed.", "content": content}
    return result
