"""Sends results to a server, and saves them in files until a server has accepted them. [io: HTTP, files]"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from benchmarks.cli.destination import Server, is_this_machine
from benchmarks.errors import NotDelivered
from system.lib import files

TIMEOUT_S = 15.0
PATH = "/api/benchmark/add"
MAX_ANSWER_BYTES = 2**20


class Outbox:
    """The folder of results that no server has accepted yet: one file each, readable by the owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, entry: dict[str, Any], url: str) -> Path:
        """Save before sending, so that no measurement is lost."""
        files.make_folder(self.folder)
        file = self.folder / f"{entry['id']}.json"
        files.write_atomically(file, [json.dumps({"server": url, "entry": entry})])
        return file

    def pending(self) -> Iterator[tuple[Path, str, dict[str, Any]]]:
        """File, server and entry of every saved result, oldest first; unreadable files are skipped."""
        files = sorted(self.folder.glob("*.json"), key=lambda file: file.stat().st_mtime)
        for file in files:
            try:
                saved = json.loads(file.read_text(encoding="utf-8"))
                yield file, str(saved["server"]), dict(saved["entry"])
            except (OSError, ValueError, KeyError, TypeError):
                continue


def send_result(entry: dict[str, Any], server: Server) -> None:
    """Post one result; idempotent, because the server recognises its id. Raises NotDelivered."""
    headers = {"Content-Type": "application/json"} | ({"X-API-Key": server.key} if server.key else {})
    request = urllib.request.Request(  # noqa: S310 - parse_server_url() checked the scheme
        server.url + PATH, json.dumps(entry).encode(), headers, method="POST"
    )
    try:
        status, body = _exchange(request)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise NotDelivered(server.url, f"{getattr(reason, 'strerror', None) or reason}.") from error
    answer = _parse_object(body)
    if status not in (HTTPStatus.OK, HTTPStatus.CREATED):
        raise NotDelivered(server.url, f"{status}: {answer.get('message', 'no reason given.')}", status)
    if answer.get("success") is not True:  # something else listens there, and the result would be lost
        raise NotDelivered(server.url, "its answer is not that of pm2site.")


def _exchange(request: urllib.request.Request) -> tuple[int, bytes]:
    try:
        opener = _local_opener if is_this_machine(request.full_url) else _opener
        with opener.open(request, timeout=TIMEOUT_S) as response:
            return response.status, response.read(MAX_ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(MAX_ANSWER_BYTES)


# Restricts urllib: a redirect could send the key to another server, or lead to a file or ftp URL.
class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect())
# A proxy of the environment cannot reach this machine, and would get the key.
_local_opener = urllib.request.build_opener(_NoRedirect(), urllib.request.ProxyHandler({}))


def _parse_object(body: bytes) -> dict[str, Any]:
    """Empty for anything but a JSON object."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
