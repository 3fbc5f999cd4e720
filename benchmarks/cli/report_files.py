"""The files that CI systems read: checked before the measurement, replaced atomically after it. [io: files]"""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from benchmarks.cli.console import print_stderr
from benchmarks.errors import BadUsage
from system.lib import files

CREATED_MODE = 0o666  # less the umask, as of any file that a shell creates: another user may run the CI's reporter


def checked(junit: str | None, summary: str | None) -> tuple[Path | None, Path | None]:
    """The files of `--junit` and `--summary`, which can be written. Raises BadUsage."""
    paths = _check("--junit", junit), _check("--summary", summary)
    if junit and paths[0] == paths[1]:
        raise BadUsage(f"--junit and --summary name the same file: {paths[0]}.")
    return paths


def _check(option: str, text: str | None) -> Path | None:
    if text is None:
        return None
    if not text.strip() or "\0" in text:
        raise BadUsage(f"{option} needs the name of a file.")
    try:
        path = Path(text).resolve()  # the target of a symlink is replaced, not the symlink
        if path.exists() and not path.is_file():
            kind = "a directory" if path.is_dir() else "not a regular file"
            raise BadUsage(f"{option} {text} is {kind}. Name a file, like {option} report{_suffix(option)}.")
        if not path.parent.exists():
            command = f"mkdir -p {shlex.quote(str(path.parent))}"
            raise BadUsage(f"{option} {text}: {path.parent} does not exist. Create it with: {command}")
        files.check_writable(path.parent)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symlinks
        reason = files.describe_refusal(Path(text), error) if isinstance(error, OSError) else f"{error}."
        raise BadUsage(f"{option} {text}: {reason}") from error
    return path


def _suffix(option: str) -> str:
    return ".xml" if option == "--junit" else ".md"


def write(path: Path | None, text: str) -> bool:
    """Whether the file, if one was requested, holds the text now. A failure is printed."""
    if path is None:
        return True
    try:
        mode = _mode_of(path)
        files.write_atomically(path, [text])
        path.chmod(mode)
    except OSError as error:
        print_stderr(f"[ERROR] {files.describe_refusal(path, error)}")
        return False
    return True


def _mode_of(path: Path) -> int:
    """That of the file; of a new one, what the umask leaves."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0o077)
    os.umask(umask)
    return CREATED_MODE & ~umask
