"""The page's own files: compressed once, at an address that changes with their content, so that browsers keep them."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import posixpath
import re
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

FOLDER = Path(__file__).parents[1] / "static" / "pm2site"
PREFIX = "/static/assets/"  # below /static/, which needs no credential
KEPT = "public, max-age=31536000, immutable"
IMPORT = re.compile(r'from "(\.{1,2}/[^"]+)"')  # not `import("…")`, which loads a view later
# What only readers of the source need: lines of comments, blocks of them, and casts of the type checker. A fifth of a
# first load; with detailed errors the modules are served as they are.
COMMENTS = re.compile(
    r"^[ \t]*//[^\n]*\n|^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n|/\*\* @\w+ [^*\n]*\*/ ?", re.MULTILINE | re.DOTALL
)
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
    folder = posixpath.dirname(path)
    return [posixpath.normpath(posixpath.join(folder, target)) for target in IMPORT.findall(source)]


def current() -> Assets:
    """The files as they were at the first request; with detailed errors, as they are now."""
    return _read(_newest_change() if settings.DETAILED_ERRORS else 0.0)


def _paths() -> list[Path]:
    return sorted(path for path in FOLDER.rglob("*") if path.suffix in SUFFIXES)


def _newest_change() -> float:
    return max(path.stat().st_mtime for path in _paths())


@lru_cache(maxsize=1)
def _read(_changed_at: float) -> Assets:
    digest, files = hashlib.sha256(), {}
    for path in _paths():
        name, plain = path.relative_to(FOLDER).as_posix(), path.read_bytes()
        if path.suffix == ".js" and not name.startswith("vendor/") and not settings.DETAILED_ERRORS:
            plain = without_comments(plain.decode()).encode()
        digest.update(f"{name} {len(plain)} ".encode() + plain)
        content_type = TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        files[name] = Asset(content_type, plain, gzip.compress(plain, 9, mtime=0))
    return Assets(digest.hexdigest()[:16], MappingProxyType(files))


def without_comments(source: str) -> str:
    """A module without comments that begin a line, and without casts. Its other lines stay as they are."""
    return COMMENTS.sub("", source)


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


def _serve(request: HttpRequest, version: str, path: str) -> HttpResponse:
    """One file. 404 under another version's address: a page of before an update must not mix old and new modules."""
    assets = current()
    asset = assets.files.get(path) if version == assets.version else None
    if asset is None:
        message = f"The page's version {assets.version} has no file {version}/{path}. Reload the page."
        return error_response(request, 404, "not_found", message)
    is_compressed = len(asset.plain) >= MIN_COMPRESSED_BYTES and "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(asset.compressed if is_compressed else asset.plain, content_type=asset.content_type)
    if is_compressed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Cache-Control"] = KEPT
    response.headers["X-Content-Type-Options"] = "nosniff"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response
