"""Runs effects: API calls in threads, subscriptions, files, the clipboard, switching servers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from dashboard_client import config as configuration
from dashboard_client.config import Config
from dashboard_client.errors import ClientError, Refused
from dashboard_client.tui.model import effects, events
from dashboard_client.wire.decode import clean, convert

if TYPE_CHECKING:  # loaded only after the first frame
    from dashboard_client.network.api import Api
    from dashboard_client.network.live_connection import LiveConnection
    from dashboard_client.tui.inbox import Inbox


class Clipboard(Protocol):
    def copy(self, text: str) -> int: ...


class EffectRunner:
    """Puts results into the inbox as events. Call `start` before `run`."""

    def __init__(self, config: Config, inbox: Inbox, pool: Executor, clipboard: Clipboard) -> None:
        self.config, self.inbox, self.pool, self.clipboard = config, inbox, pool, clipboard
        self._connection: LiveConnection | None = None
        self._api: Api | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Load the network modules and connect."""
        from dashboard_client.network.api import Api
        from dashboard_client.network.live_connection import DASHBOARD_AGENT, LiveConnection

        with self._lock:
            previous = self._connection
            self._api = Api(self.config)
            self._connection = LiveConnection(self.config, self.inbox.put, agent=DASHBOARD_AGENT)
            if previous:
                previous.stop(0)
                for stream, subscription in previous.subscriptions().items():
                    self._connection.subscribe(stream, subscription.interval_ms / 1000, subscription.filters)
            self._connection.start()

    def stop(self) -> None:
        if self._connection:
            self._connection.stop(0.2)

    def run(self, effect: effects.Effect) -> None:
        connection = self._connection
        if connection is None:
            return
        if isinstance(effect, effects.Subscribe):
            connection.subscribe(effect.stream, effect.interval_ms / 1000, dict(effect.filters) or None)
        elif isinstance(effect, effects.Unsubscribe):
            connection.unsubscribe(effect.stream)
        elif isinstance(effect, effects.Reconnect):
            connection.retry_now()
        elif isinstance(effect, effects.Call):
            self.pool.submit(self._call, effect)
        elif isinstance(effect, effects.SaveFile):
            text = effect.text.encode(errors="replace")
            self.pool.submit(self._save, effect.name, lambda file: file.write(text))
        elif isinstance(effect, effects.Export):
            self.pool.submit(self._export, effect.format)
        elif isinstance(effect, effects.Copy):
            self.pool.submit(self._save_copy, effect.text, self.clipboard.copy(effect.text))
        elif isinstance(effect, effects.SwitchServer):
            self._switch(effect.server)

    def _call(self, effect: effects.Call) -> None:
        try:
            response = getattr(self._api, effect.api_method)(**effect.arguments)
            value = convert(effect.response_type, response)
        except Refused as error:
            self.inbox.put(events.ApiFailed(effect.call_id, str(error), error.code, error.status))
        except ClientError as error:
            self.inbox.put(events.ApiFailed(effect.call_id, str(error)))
        except Exception as error:  # noqa: BLE001 - every call must end with ApiSucceeded or ApiFailed
            self.inbox.put(events.ApiFailed(effect.call_id, f"{effect.api_method} failed: {clean(str(error))}"))
        else:
            self.inbox.put(events.ApiSucceeded(effect.call_id, value))

    def _save(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        try:
            path, file = _new_file(name)
            with file:
                write(file)
        except (OSError, ClientError) as error:
            self.inbox.put(events.NotSaved(f"{name} was not saved: {clean(str(error))}"))
        else:
            self.inbox.put(events.Saved(str(path)))

    def _export(self, format: str) -> None:
        api = self._api
        if api is not None:
            extension = {"benchstat": "txt"}.get(format, format)
            self._save(f"benchmarks.{extension}", lambda file: api.benchmark_export(file, format))

    def _save_copy(self, text: str, sent: int) -> None:
        try:
            folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pm2site"
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = folder / "copied.txt"
            path.write_text(text, encoding="utf-8", errors="replace")
        except OSError:
            self.inbox.put(events.Copied(len(text), sent))
        else:
            self.inbox.put(events.Copied(len(text), sent, str(path)))

    def _switch(self, server: str) -> None:
        try:
            address = configuration.parse_server_url(server, "The address")
        except ClientError as error:
            self.inbox.put(events.NotSwitched(str(error)))
            return
        # Never send the key to another server.
        secret = self.config.secret if address == self.config.server else ""
        self.config = replace(self.config, server=address, secret=secret)
        self.start()
        self.inbox.put(events.Switched(self.config.server))


def _new_file(name: str) -> tuple[Path, BinaryIO]:
    """Create a new file in the working directory: `a.txt`, `a-2.txt`, …"""
    requested_path = Path(Path(name).name)
    for number in range(1, 1000):
        path = requested_path if number == 1 else requested_path.with_stem(f"{requested_path.stem}-{number}")
        try:
            return path.absolute(), path.open("xb")
        except FileExistsError:
            continue
    raise FileExistsError(f"too many files are named like {requested_path}")
