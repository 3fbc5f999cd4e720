"""Credentials of queued runs: in a file that only this user may read, until the run's process reads it. [io: files]

The rows, and so their readers and their backups, have `***` instead.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings

from benchmarks.errors import CredentialsGone
from benchmarks.generators.secret_headers import MASK, is_secret, only_secret
from system.lib import files

FOLDER = "run-headers"
MIN_AGE_S = 60.0  # a younger file may be of a run that is being queued


def _path(run_id: UUID) -> Path:
    return Path(settings.DATA_DIR) / FOLDER / f"{run_id}.json"


def store(run_id: UUID, headers: Mapping[str, str]) -> None:
    """Keeps the credentials among `headers`, if any. Raises OSError."""
    secrets = only_secret(headers)
    if secrets:
        files.make_folder(_path(run_id).parent)
        files.write_atomically(_path(run_id), [json.dumps(secrets)])


def take(run_id: UUID, headers: Mapping[str, str]) -> dict[str, str]:
    """`headers` of the row with their credentials, which are kept no longer. Raises CredentialsGone."""
    try:
        secrets = json.loads(files.read_private(_path(run_id)))
    except FileNotFoundError:
        secrets = {}
    except (OSError, ValueError) as error:
        raise CredentialsGone(str(error)) from error
    discard(run_id)
    whole = {name: secrets.get(name, value) for name, value in headers.items()}
    if any(value == MASK and is_secret(name) for name, value in whole.items()):
        raise CredentialsGone(f"{_path(run_id)} is missing")
    return whole


def discard(run_id: UUID) -> None:
    """Raises OSError."""
    _path(run_id).unlink(missing_ok=True)


def sweep(unfinished: Collection[UUID]) -> None:
    """Discards what crashes have left: credentials of runs that have ended. A run that has just been claimed has not
    read its own yet. Raises OSError."""
    folder = Path(settings.DATA_DIR) / FOLDER
    names = {_path(run_id).name for run_id in unfinished}
    for file in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # its run has read it meanwhile
            if file.name not in names and time.time() - file.stat().st_mtime > MIN_AGE_S:
                file.unlink()
