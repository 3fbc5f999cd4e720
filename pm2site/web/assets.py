"""The page's own files: compressed once, at an address that changes with their content, so that browsers keep them."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from pm2site.http.error_responses import error_response
from pm2site.http.middleware import GetResponse
from pm2site.web import bundle
from pm2site.web.views import VIEWS

FOLDER = Path(__file__).parents[1] / "static" / "pm2site"
PREFIX = "/static/assets/"  # below /static/, which needs no credential
KEPT = "public, max-age=31536000, immutable"
IMPORT = re.compile(r'from "(\.{1,2}/[^"]+)"')  # not `import("…")`, which loads a view later
NO_WEIGHT = re.compile(r"\s*q=0(\.0*)?\s*")
NO_MODULES = ("vendor/", "theme.js")
SUFFIXES = (".js", ".css", ".svg")
MIN_COMPRESSED_BYTES = 400  # smaller ones fit into a packet either way
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    content_type: str
    plain: bytes
    compressed: bytes


@dataclass(frozen=True, slots=True)
class Assets:
    """All files of the page by their path. `version`: the hash of all of them."""

    version: str
    files: MappingProxyType[str, Asset]

    def url(self, path: str) -> str:
        return f"{PREFIX}{self.version}/{path}"

    def modules(self, *entries: str) -> list[str]:
        """The entries and the modules that they import: a browser that knows them all loads them at once."""
        modules: dict[str, None] = {}
        pending = list(entries)
        while pending:
            if (path := pending.pop()) not in modules:
                modules[path] = None
                pending += _imports(path, self.files[path].plain.decode())
        return sorted(modules)


def _imports(path: str, source: str) -> list[str]:
    return [bundle.resolve(path, target) for target in IMPORT.findall(source)]


def current() -> Assets:
    """The files as they were at the first request, modules joined; with detailed errors each file as it is now."""
    return _read(_newest_change() if settings.DETAILED_ERRORS else 0.0)


def _paths() -> list[Path]:
    return sorted(path for path in FOLDER.rglob("*") if path.suffix in SUFFIXES)


def _newest_change() -> float:
    return max(path.stat().st_mtime for path in _paths())


@lru_cache(maxsize=1)
def _read(_changed_at: float) -> Assets:
    contents = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in _paths()}
    if not settings.DETAILED_ERRORS:
        contents = joined_modules(contents)
    digest = hashlib.sha256()
    for name, plain in sorted(contents.items()):
        digest.update(f"{name} {len(plain)} ".encode() + plain)
    files = {
        name: Asset(TYPES[Path(name).suffix], plain, gzip.compress(plain, 9, mtime=0))
        for name, plain in contents.items()
    }
    return Assets(digest.hexdigest()[:16], MappingProxyType(files))


def joined_modules(contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same files with the page's own modules joined: what views share, the start, and each view."""
    is_module = {name: name.endswith(".js") and not name.startswith(NO_MODULES) for name in contents}
    sources = {name: bundle.without_comments(plain.decode()) for name, plain in contents.items() if is_module[name]}
    bundles = bundle.joined(sources, [f"views/{view.module}.js" for view in VIEWS], "main.js")
    others = {name: plain for name, plain in contents.items() if not is_module[name]}
    return others | {name: source.encode() for name, source in bundles.items()}


class AssetsMiddleware:
    """Serves the files before sessions, the database and the views."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        version, _, path = request.path_info.removeprefix(PREFIX).partition("/")
        return _serve(request, version, path)


def accepts_gzip(accepted: str) -> bool:
    """`accepted`: the header Accept-Encoding, RFC 9110 section 12.5.3; a weight of 0 refuses."""
    weights = {
        name.strip().lower(): weight for name, _, weight in (part.partition(";") for part in accepted.split(","))
    }
    return "gzip" in weights and not NO_WEIGHT.fullmatch(weights["gzip"])


def _serve(request: HttpRequest, version: str, path: str) -> HttpResponse:
    """One file. 404 under another version's address: a page of before an update must not mix old and new modules."""
    assets = current()
    asset = assets.files.get(path) if version == assets.version else None
    if asset is None:
        message = f"The page's version {assets.version} has no file {version}/{path}. Reload the page."
        return error_response(request, 404, "not_found", message)
    is_compressed = len(asset.plain) >= MIN_COMPRESSED_BYTES and accepts_gzip(
        request.headers.get("Accept-Encoding", "")
    )
    response = HttpResponse(asset.compressed if is_compressed else asset.plain, content_type=asset.content_type)
    if is_compressed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Cache-Control"] = KEPT
    response.headers["X-Content-Type-Options"] = "nosniff"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response
