"""What is not started, and why; on the real Node, with PM2's own modules."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest
from pytest_django import Settings

from pm2.ecosystem import evaluation, start_from_file
from pm2.ecosystem.planned_app import PlannedApp
from pm2.ecosystem.start_from_file import FileRequest
from pm2.errors import PM2Error
from pm2.file_errors import EcosystemInvalid, EcosystemNotAllowed, EcosystemNotFound, EcosystemUnsafe
from tests.pm2.ecosystem.ecosystem_files import js

pytestmark = pytest.mark.real
API = js("{name: 'api', script: 'app.js', env_live: {A: 1}}, {name: 'web', script: 'app.js'}")


@pytest.fixture(autouse=True)
def _home(new_pm2_home: Path) -> None:
    """Without a daemon: nothing here starts one."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The only one of ECOSYSTEM_DIRS, with a script."""
    folder = tmp_path / "apps"
    folder.mkdir()
    (folder / "app.js").write_text("setInterval(() => {}, 1000)")
    return folder


async def refusal(
    path: Path | str, folder: Path | None, only: tuple[str, ...] = (), env: str | None = None
) -> PM2Error:
    folders = None if folder is None else (folder,)
    with pytest.raises(PM2Error) as raised:
        await start_from_file.plan(FileRequest(str(path), only, env, folders))
    return raised.value


def message(error: PM2Error, path: Path) -> str:
    return str(error).replace(str(path), "FILE")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("e.config.js", "process.exit(0)", "it ended Node with exit code 0 before its apps were read, as process.exit does"),
        ("e.config.js", "process.exit(7)", "it ended Node with exit code 7 before its apps were read, as process.exit does"),
        ("e.config.js", "process.kill(process.pid, 'SIGKILL')", "Node ended by SIGKILL while it was evaluated"),
        ("e.config.js", "throw new TypeError('no such thing')", "TypeError: no such thing"),
        ("e.config.js", "throw 'a text'", "a text"),
        ("e.config.js", "\n\nmodule.exports = {", "SyntaxError: Unexpected end of input, line 3"),
        ("e.config.js", "setTimeout(() => { throw new Error('later') }); require('no-such')", None),
        ("e.config.js", "", "PM2 refuses it: No script path - aborting"),
        ("e.config.js", "module.exports = {apps: []}", "it has no apps"),
        (
            "e.config.js", js("{name: 'x', script: 'app.js', instances: 1e9}"),
            "x has 1,000,000,000 instances; at most 1000 are started",
        ),
        ("e.config.js", "module.exports = 5", "it exports no object with apps, but number"),
        ("e.config.js", "module.exports = null", "it exports no object with apps, but null"),
        ("e.config.js", "module.exports = async () => ({})", "it exports no object with apps, but function"),
        ("e.config.js", "module.exports = Promise.resolve({})", "it exports no object with apps, but promise"),
        ("e.config.js", js("{name: 'a', script: 'none.js'}"), "PM2 refuses it: Script not found: FOLDER/none.js"),
        ("e.config.js", js("{name: 'a', script: 'app.js', kill_timeout: 'x'}"), None),
        ("e.config.js", js("{name: 'a', script: 'app.js', cron_restart: 'x'}"), None),
        ("e.config.js", js("{name: 'a', script: 'app.js', interpreter: 'no-such-program'}"), None),
        ("e.config.js", js("{name: 'a', script: 'app.js', uid: 'no-such-user'}"), None),
        ("e.json", '{"apps": [', "SyntaxError: Unexpected token ')', line 1"),
        ("e.yml", "apps: [", None),
        ("e.yml", "just a text", "it exports no object with apps, but string"),
        ("e.txt", "", "its name ends with none of .config.js, .config.cjs, .config.mjs, .json, .yml, .yaml"),
    ],
)  # fmt: skip
async def test_a_file_without_usable_apps(folder: Path, name: str, text: str, reason: str | None) -> None:
    path = folder / name
    path.write_text(text)

    error = await refusal(path, folder)

    assert type(error) is EcosystemInvalid
    shown_text = message(error, path).replace(str(folder), "FOLDER")
    assert shown_text.startswith("FILE cannot be started: ")
    assert shown_text.endswith(". Nothing was started.")
    if reason:
        assert shown_text == f"FILE cannot be started: {reason}. Nothing was started."


async def test_a_file_that_does_not_end_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "EVALUATION_S", 1.0)
    path = folder / "e.config.js"
    path.write_text("while (true) console.log('x'.repeat(10000))")

    error = await refusal(path, folder)

    assert message(error, path) == "FILE cannot be started: it was not evaluated within 1 s. Nothing was started."


async def test_a_file_that_takes_all_memory_is_ended(folder: Path) -> None:
    path = folder / "e.config.js"
    path.write_text("const all = []; while (true) all.push(new Array(100000).fill(1.5))")

    error = await refusal(path, folder)

    reason = f"Node ended by SIGABRT while it was evaluated: it needed more than {evaluation.HEAP_MB} MB"
    assert message(error, path) == f"FILE cannot be started: {reason}. Nothing was started."


async def test_a_file_that_describes_too_much(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "MAX_OUTPUT_BYTES", 2**20)
    path = folder / "e.config.js"
    path.write_text(js("{script: 'app.js', name: 'a', env: {A: 'x'.repeat(2 ** 21)}}"))

    error = await refusal(path, folder)

    assert message(error, path) == "FILE cannot be started: it describes more than 1 MB. Nothing was started."


async def test_what_a_file_prints_is_no_part_of_the_answer(folder: Path) -> None:
    path = folder / "e.config.js"
    noise = "console.log('{}'); process.stdout.write('\\nx'); require('fs').writeSync(1, 'y\\n[]'); setInterval(() => {}, 9);"
    path.write_text(noise + API)

    planned = await start_from_file.plan(FileRequest(str(path), ("api",), "live", (folder,)))

    script, user = str(folder / "app.js"), planned.apps[0].user
    app = PlannedApp("api", "default", 1, "fork_mode", script, (), str(folder), "node", user, restarts=False)
    assert planned.apps == (app,)
    assert str(app) == f"start api as {user}: node {script}, in {folder}"


async def test_the_evaluation_has_no_secret_and_leaves_nothing_behind(
    folder: Path, new_pm2_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "secret")
    monkeypatch.setenv("NODE_OPTIONS", "--no-such-option")
    path = folder / "e.config.js"
    seen = "JSON.stringify([Object.keys(process.env).sort(), process.argv.length, process.cwd()])"
    path.write_text(js(f"{{name: 'a', script: 'app.js', out_file: 'logs/a.log', env: {{SEEN: {seen}}}}}"))

    planned = await start_from_file.plan(FileRequest(str(path), folders=(folder,)))

    env = planned.evaluation.starts[0]["env"]
    assert isinstance(env, dict)
    assert "API_KEY" not in env["SEEN"]
    assert "NODE_OPTIONS" not in env["SEEN"]
    assert "secret" not in str(planned)
    assert (planned.evaluation.folders, (folder / "logs").exists()) == ((str(folder / "logs"),), False)
    assert list(new_pm2_home.iterdir()) == []


@pytest.mark.parametrize(
    ("only", "env", "expected"),
    [
        (("api", "nope"), None, "FILE has no app named nope. It has api, web."),
        ((), "stage", "FILE has no env_stage in the apps to start. It has env_live."),
        (("web",), "live", "FILE has no env_live in the apps to start. It has none."),
    ],
)
async def test_a_selection_that_selects_nothing(
    folder: Path, only: tuple[str, ...], env: str | None, expected: str
) -> None:
    path = folder / "e.config.js"
    path.write_text(API)

    assert message(await refusal(path, folder, only, env), path) == expected


async def test_an_environment_that_only_some_apps_have_is_a_warning(folder: Path) -> None:
    path = folder / "e.config.js"
    path.write_text(API)

    planned = await start_from_file.plan(FileRequest(str(path), env="live", folders=(folder,)))

    assert planned.evaluation.warnings == ("Environment [live] is not defined in process file",)


async def test_only_files_below_the_folders(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "e.config.js"
    outside.write_text(API)
    (folder / "link.config.js").symlink_to(outside)
    (tmp_path / "apps-too").mkdir()
    (tmp_path / "apps-too/e.config.js").write_text(API)
    spellings: list[Path | str] = [
        outside, folder / "link.config.js", folder / "../e.config.js", tmp_path / "apps-too/e.config.js", folder,
        tmp_path / "missing.config.js", "/etc/passwd", "/proc/self/environ", "/dev/stdin",
    ]  # fmt: skip

    errors = [await refusal(spelling, folder) for spelling in spellings]

    assert [type(error) for error in errors] == [EcosystemNotAllowed] * len(spellings)
    assert message(errors[0], outside) == (
        f"FILE is not started: it is code, and this server starts only files below {folder} (ECOSYSTEM_DIRS). On the"
        " server's shell `manage.py pm2 start FILE` starts any file."
    )
    assert [type(await refusal(spelling, folder)) for spelling in ("e.config.js", "", "a\0b", "~/e.json")] == [
        EcosystemInvalid
    ] * 4


async def test_without_folders_nothing_is_started(settings: Settings, folder: Path) -> None:
    with pytest.raises(EcosystemNotAllowed, match="once ECOSYSTEM_DIRS names its folder"):
        await start_from_file.plan(FileRequest(str(folder / "app.js"), folders=tuple(settings.ECOSYSTEM_DIRS)))


async def test_a_link_that_stays_below_the_folders_is_followed(folder: Path) -> None:
    release = folder / "releases/7"
    release.mkdir(parents=True)
    (release / "e.config.js").write_text(js("{name: 'a', script: 'app.js'}"))
    (release / "app.js").write_text("")
    (folder / "current").symlink_to("releases/7")

    planned = await start_from_file.plan(FileRequest(str(folder / "current/e.config.js"), folders=(folder,)))

    assert (planned.file, planned.apps[0].cwd) == (release / "e.config.js", str(release))


async def test_what_is_no_readable_file(folder: Path) -> None:
    begun_s = time.monotonic()
    os.mkfifo(folder / "fifo.config.js")
    (folder / "folder.json").mkdir()
    with (folder / "large.json").open("wb") as file:
        file.truncate(100 * 2**20)
    (folder / "latin.yml").write_bytes(b"name: caf\xe9")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s.json"))
        names = ("fifo.config.js", "folder.json", "large.json", "latin.yml", "s.json", "missing.json", "app.js/e.json")
        errors = [(await refusal(folder / name, folder), folder / name) for name in names]

    assert [message(error, path) for error, path in errors] == [
        "FILE cannot be started: it is not a regular file. Nothing was started.",
        "FILE cannot be started: it is a folder: name the file in it. Nothing was started.",
        "FILE cannot be started: it has 100.0 MB, and an ecosystem file at most 1 MB. Nothing was started.",
        "FILE cannot be started: it is not UTF-8: byte 9 is 0xe9. Nothing was started.",
        "FILE cannot be started: it is not a regular file. Nothing was started.",
        "FILE cannot be read: no such file or directory.",
        "FILE cannot be read: not a directory.",
    ]
    assert [type(error) for error, _ in errors[-2:]] == [EcosystemNotFound] * 2
    assert time.monotonic() - begun_s < 60  # nothing waited for the other end of the FIFO


@pytest.mark.parametrize(
    ("place", "mode", "expected"),
    [
        ("apps/e.config.js", 0o666, "PLACE has mode 0666. Take that away: chmod go-w PLACE"),
        ("apps/e.config.js", 0o620, "PLACE has mode 0620. Take that away: chmod go-w PLACE"),
        ("apps", 0o775, "PLACE has mode 0775. Take that away: chmod go-w PLACE"),
        ("apps", 0o1777, "PLACE has mode 1777. Move the file into a folder of its own."),
        (".", 0o777, "PLACE has mode 0777. Take that away: chmod go-w PLACE"),
    ],
)
async def test_a_file_that_others_could_change(
    folder: Path, tmp_path: Path, place: str, mode: int, expected: str
) -> None:
    path = folder / "e.config.js"
    path.write_text(API)
    where = tmp_path / place
    before = where.stat().st_mode
    where.chmod(mode)
    try:
        by_api, by_shell = await refusal(path, folder), await refusal(path, None)
    finally:
        where.chmod(before)

    assert [type(error) for error in (by_api, by_shell)] == [EcosystemUnsafe] * 2
    reason = expected.replace("PLACE", str(where))
    assert str(by_api) == f"{path} is not started, because others could change it: {reason}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
async def test_a_file_of_another_user(folder: Path) -> None:
    path = folder / "e.config.js"
    path.write_text(API)
    os.chown(path, 65534, -1)

    error = await refusal(path, folder)

    assert message(error, path) == (
        "FILE is not started, because others could change it: FILE belongs to nobody. Give it to this user:"
        " sudo chown root FILE"
    )
