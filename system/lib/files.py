"""Writes files so that a reader, or a crash, never sees half of one. [io: files]"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write_atomically(path: Path, pieces: Iterable[str]) -> None:
    """Replaces the file through `NAME.tmp…` next to it, readable by the owner only. It is on disk when this returns.

    Raises OSError, after which the file is as before and the temporary one is gone.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
