from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from pm2.actions.name_locks import hold_names
from pm2.daemon import origin
from pm2.daemon.origin import Origin
from pm2.errors import OperationInProgress

OWN = Origin(11, 3100, "A")
OTHER = Origin(12, 3101, "B")
COMMAND = Origin(13, None, "B")


@pytest.fixture
def act_as(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Origin], None]:
    """Makes this process another one, with a DATA_DIR of its own."""
    settings.PM2_HOME = tmp_path / "home"

    def become(process: Origin) -> None:
        settings.DATA_DIR = tmp_path / process.server_id
        monkeypatch.setattr(origin, "this_process", lambda: process)

    return become


def refusal(*names: str) -> str:
    with pytest.raises(OperationInProgress) as caught, hold_names(names, "stop"):
        pass
    return str(caught.value)


@pytest.mark.parametrize(
    ("holder", "progress"),
    [
        (OWN, "restart is in progress"),
        (OTHER, "another server (pid 12, port 3101) runs restart of web"),
        (COMMAND, "a command (pid 13) runs restart of web"),
    ],
)
def test_a_name_is_busy_for_all_servers_on_the_pm2_home(
    act_as: Callable[[Origin], None], holder: Origin, progress: str
) -> None:
    act_as(holder)
    with hold_names(["web", "api"], "restart"):
        act_as(OWN)
        assert refusal("api2", "web") == f"web is busy: {progress}. Try again when it is done."
        with hold_names(["api2"], "stop"):
            pass

    with hold_names(["web"], "stop"):
        pass


def test_two_names_of_one_pm2_home_are_one(
    act_as: Callable[[Origin], None], settings: Settings, tmp_path: Path
) -> None:
    act_as(OTHER)
    (tmp_path / "link").symlink_to(tmp_path / "home")
    with hold_names(["web"], "restart"):
        act_as(OWN)
        settings.PM2_HOME = tmp_path / "link"

        assert refusal("web") == (
            "web is busy: another server (pid 12, port 3101) runs restart of web. Try again when it is done."
        )


def test_pm2_homes_do_not_exclude_each_other(
    act_as: Callable[[Origin], None], settings: Settings, tmp_path: Path
) -> None:
    act_as(OWN)
    with hold_names(["web"], "restart"):
        settings.PM2_HOME = tmp_path / "another"
        with hold_names(["web"], "stop"):
            pass


def test_where_nothing_can_be_written_into_the_pm2_home_the_locks_are_those_of_the_data_dir(
    act_as: Callable[[Origin], None], tmp_path: Path
) -> None:
    (tmp_path / "home").write_text("")
    act_as(OWN)
    with hold_names(["web"], "restart"):
        assert refusal("web") == "web is busy: restart is in progress. Try again when it is done."
        act_as(OTHER)
        with hold_names(["web"], "stop"):
            pass


@pytest.mark.parametrize(
    "label", ["", "x" * 200, '{"pid":"1","port":2,"server_id":"A","action":"stop"}', "[]", '{"pid":1}']
)
def test_a_damaged_label_is_another_action(act_as: Callable[[Origin], None], tmp_path: Path, label: str) -> None:
    act_as(OWN)
    with hold_names(["web"], "restart"):
        [file] = (tmp_path / "home" / "pm2site").iterdir()
        file.write_text(label)

        assert refusal("web") == "web is busy: another action is in progress. Try again when it is done."
