"""Errors of the files that PM2 starts processes from: ecosystem files and its saved list. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from pm2.errors import PM2Error
from system.lib.errors import Conflict, Invalid, NotFound


class EcosystemNotAllowed(PM2Error, Invalid):
    """The file is not below one of ECOSYSTEM_DIRS."""

    def __init__(self, path: str, folders: Sequence[str]) -> None:
        where = f"below {', '.join(folders)} (ECOSYSTEM_DIRS)" if folders else "once ECOSYSTEM_DIRS names its folder"
        super().__init__(
            f"{path} is not started: it is code, and this server starts only files {where}. On the server's shell "
            "`manage.py pm2 start FILE` starts any file.",
            ecosystem=[f"Only files {where}."],
        )  # fmt: skip


class EcosystemNotFound(PM2Error, NotFound):
    """There is no such file."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}.", ecosystem=[f"{reason[:1].upper()}{reason[1:]}."])


class EcosystemUnsafe(PM2Error, Conflict):
    """Others could have written the file, which is code."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} is not started, because others could change it: {reason}")


class EcosystemInvalid(PM2Error, Invalid):
    """The file is no ecosystem file, or PM2 refuses what is in it."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} cannot be started: {reason}. Nothing was started.", ecosystem=[reason])


class UnknownApp(PM2Error, NotFound):
    """`only` names an app that the file does not have."""

    def __init__(self, path: str, unknown: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(
            f"{path} has no app named {', '.join(unknown)}. It has {', '.join(known)}.",
            only=[f"One of {', '.join(known)}."],
        )


class UnknownEnvironment(PM2Error, NotFound):
    """No selected app has variables for this environment."""

    def __init__(self, path: str, name: str, known: Sequence[str]) -> None:
        has = f"It has {', '.join(f'env_{one}' for one in known)}" if known else "It has none"
        super().__init__(f"{path} has no env_{name} in the apps to start. {has}.", env=[f"{has}."])


class NothingToSave(PM2Error, Conflict):
    """The list is empty: saving it would lose the saved one."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"PM2's list is empty, and {path} was left as it is: a reboot would start nothing any more. To save the "
            "empty list nevertheless, force it.",
            choices=["force"],
        )  # fmt: skip


class NotSaved(PM2Error, Conflict):
    """The saved list could not be written."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"PM2's list was not saved. {reason}")


class NoSavedList(PM2Error, NotFound):
    """Nothing has been saved."""

    def __init__(self, path: str) -> None:
        super().__init__(f"There is no saved list: {path} does not exist. Save one first.")


class SavedListUnsafe(PM2Error, Conflict):
    """Others could have written the saved list, which names programs to start."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"Nothing was started, because others could change {path}: {reason}")


class SavedListDamaged(PM2Error, Conflict):
    """The saved list cannot be read."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Nothing was started. {problem}")
