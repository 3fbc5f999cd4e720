"""Which file may be evaluated as an ecosystem file. [io: files]"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from pm2.ecosystem import file_trust
from pm2.file_errors import EcosystemInvalid, EcosystemNotAllowed, EcosystemNotFound, EcosystemUnsafe

# `knonwConfigFileExtensions` of lib/Common.js, PM2 7.0.4.
SUFFIXES = (".config.js", ".config.cjs", ".config.mjs", ".json", ".yml", ".yaml")
MAX_BYTES = 2**20


def is_file_name(word: str) -> bool:
    """Whether a word of the command line names a file; all else is a name of processes."""
    return "/" in word or word.endswith(SUFFIXES)


def locate(text: str, folders: Sequence[Path] | None) -> Path:
    """The file without symlinks. `folders`: it must be below one of these; None: anywhere, for the server's own shell.

    Raises EcosystemNotAllowed, whether or not the file exists; EcosystemNotFound, EcosystemUnsafe, EcosystemInvalid.
    """
    given = Path(text)
    if folders is not None and not given.is_absolute():
        raise EcosystemInvalid(text, "it is not an absolute path, such as /srv/app/ecosystem.config.js")
    try:
        path = Path(os.path.realpath(given))
        allowed = None if folders is None else [Path(os.path.realpath(folder)) for folder in folders]
    except (OSError, ValueError) as error:
        raise EcosystemInvalid(text, f"it is no path: {error}") from error
    if allowed is not None and not any(folder in path.parents for folder in allowed):
        raise EcosystemNotAllowed(text, [str(folder) for folder in folders or ()])
    try:
        _check(text, path)
    except OSError as error:
        raise EcosystemNotFound(str(given.absolute()), (error.strerror or str(error)).lower()) from error
    return path


def _check(text: str, path: Path) -> None:
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode):
        raise EcosystemInvalid(text, "it is a folder: name the file in it")
    if not stat.S_ISREG(status.st_mode):
        raise EcosystemInvalid(text, "it is not a regular file")
    if not path.name.endswith(SUFFIXES):
        raise EcosystemInvalid(text, f"its name ends with none of {', '.join(SUFFIXES)}")
    if risk := file_trust.find_risk(path):
        raise EcosystemUnsafe(text, risk)
    if status.st_size > MAX_BYTES:
        size = f"{status.st_size / 2**20:.1f} MB"
        raise EcosystemInvalid(text, f"it has {size}, and an ecosystem file at most {MAX_BYTES // 2**20} MB")
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise EcosystemInvalid(
            text, f"it is not UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}"
        ) from None
