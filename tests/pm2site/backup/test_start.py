"""Starts on a database or a DATA_DIR with a fault, and backup and restore beside a real server."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fixtures.database import damage_last_page, fill
from tests.fixtures.server import Server, StartServer, unused_server
from tests.preloaded.commands import run_manage

pytestmark = pytest.mark.real

DEADLINE_S = 60
# root may read and write whatever the modes say, unless it gives these capabilities up.
AS_AN_ORDINARY_USER = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"] if not os.geteuid() else []
WITHOUT_SPACE = ["prlimit", "--fsize=0"]


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DATA_DIR with a database."""
    server = unused_server()
    server.manage("migrate", "--verbosity=0")
    folder = (server.folder / "var").rename(tmp_path_factory.mktemp("migrated") / "var")
    server.clean()
    return folder


@pytest.fixture
def stopped(migrated: Path) -> Iterator[Server]:
    """A server that has a database and does not run."""
    server = unused_server()
    shutil.copytree(migrated, server.folder / "var")
    yield server
    (server.folder / "var").chmod(0o700)
    server.clean()


def run(server: Server, *arguments: str, prefix: list[str] | None = None) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a `manage.py` command."""
    if prefix:
        argv = [*prefix, *server.program, *arguments]
        finished = subprocess.run(argv, env=server.env, capture_output=True, text=True, timeout=DEADLINE_S)
    else:
        finished = run_manage(list(arguments), server.env, timeout_s=DEADLINE_S)
    return finished.returncode, finished.stdout, finished.stderr


def database_of(server: Server) -> Path:
    return server.folder / "var" / "pm2site.sqlite3"


def link_away(database: Path) -> None:
    database.rename(database.with_name("elsewhere.sqlite3"))
    database.symlink_to(database.with_name("elsewhere.sqlite3"))


def replace_by_another_programs(database: Path) -> None:
    database.unlink()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE notes (text)")


def lose_all_but_the_log(database: Path) -> None:
    database.unlink()
    database.with_name(database.name + "-wal").write_bytes(b"rows")


def lose_with_a_backup(database: Path) -> None:
    (database.parent / "backups").mkdir()
    database.rename(database.parent / "backups" / "scheduled-20261126-030000.sqlite3")


RESTORE = "restore a backup ({dir}/backups has none): python manage.py restore FILE"
NO_CLUSTER = "This server has no cluster. Set one up first."
BEGIN = "To begin with an empty history, run python manage.py migrate --empty; otherwise "
NEWEST = "restore the newest backup: python manage.py restore {dir}/backups/scheduled-20261126-030000.sqlite3"
FAULTS: dict[str, tuple[Callable[[Path], object], list[str], str]] = {
    "of another kind": (
        lambda file: file.write_bytes(b"x" * 5000),
        [],
        "{db} is damaged: file is not a database. To go on, " + RESTORE,
    ),
    "truncated": (
        lambda file: os.truncate(file, 20_000),
        [],
        "{db} is damaged: database disk image is malformed. To go on, " + RESTORE,
    ),
    "of 0 bytes": (
        lambda file: os.truncate(file, 0),
        [],
        "{db} has 0 bytes, but this server has run here before. " + BEGIN + RESTORE,
    ),
    "gone but its log": (
        lose_all_but_the_log,
        [],
        "{db} does not exist, but pm2site.sqlite3-wal holds rows of it. " + BEGIN + RESTORE,
    ),
    "gone but its backup": (
        lose_with_a_backup,
        [],
        "{db} does not exist, but {dir}/backups has backups of it. " + BEGIN + NEWEST,
    ),
    "gone": (
        lambda file: file.unlink(),
        [],
        "{db} does not exist, but this server has run here before. " + BEGIN + RESTORE,
    ),
    "another program's": (
        replace_by_another_programs,
        [],
        "{db} is not a database of pm2site: it lacks the program's tables. "
        "Move it away, or set DATA_DIR to another folder.",
    ),
    "a symlink": (
        link_away,
        [],
        "{db} is a symlink, and not followed. Set DATABASE_URL=sqlite:///{dir}/elsewhere.sqlite3",
    ),
    "unreadable": (
        lambda file: file.chmod(0),
        AS_AN_ORDINARY_USER,
        "{db} cannot be written: it belongs to {user} with mode 0000, and this is {user}. Allow it: chmod u+rw {db}",
    ),
    "in a read-only folder": (
        lambda file: file.parent.chmod(0o500),
        AS_AN_ORDINARY_USER,
        "{dir} cannot be written: it belongs to {user} with mode 0500, and this is {user}. "
        "Allow it: chmod u+rwx {dir}",
    ),
    "on a full disk": (
        lambda file: None,
        WITHOUT_SPACE,
        "{dir} cannot be written: file too large. Make room; this shows the disk: df -h {dir}",
    ),
}  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    """Of the database and its backups, which no refused start may touch."""
    return {str(file): file.read_bytes() for file in folder.rglob("*.sqlite3") if file.is_file()}


@pytest.mark.parametrize(
    ("fault", "command"),
    [
        *((fault, ["serve"]) for fault in FAULTS),
        *((fault, ["migrate"]) for fault in ("truncated", "of 0 bytes", "gone", "another program's")),
        *((fault, ["token", "ci"]) for fault in ("truncated", "unreadable", "on a full disk")),
        *(
            (fault, command)
            for fault in ("of 0 bytes", "gone", "gone but its backup", "a symlink")
            for command in (
                ["token"],
                ["token", "ci"],
                ["admin"],
                ["backup"],
                ["changepassword", "tester"],
            )
        ),
    ],
)
def test_a_fault_ends_the_start_with_one_sentence_and_touches_nothing(
    stopped: Server, fault: str, command: list[str]
) -> None:
    database = database_of(stopped)
    make, prefix, sentence = FAULTS[fault]
    make(database)
    expected = sentence.format(db=database, dir=database.parent, user=database.parent.owner())
    before = {} if fault == "unreadable" else contents(database.parent)

    code, out, err = run(stopped, *command, prefix=prefix)

    assert (code, out, err) == (1, "", f"[ERROR] {expected}\n")
    assert before == ({} if fault == "unreadable" else contents(database.parent))


def test_a_command_that_finds_no_tables_asks_for_the_backup_too(stopped: Server) -> None:
    database = database_of(stopped)
    database.unlink()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    expected = f"{database} has no tables, but this server has run here before. {BEGIN}{RESTORE}"

    for command in (["token", "ci"], ["admin"], ["serve"]):
        assert run(stopped, *command) == (1, "", f"[ERROR] {expected.format(dir=database.parent)}\n")


def test_a_command_before_the_first_start_names_the_one_that_creates_the_tables() -> None:
    server = unused_server()
    try:
        database = database_of(server)
        assert run(server, "token", "ci") == (
            1, "", f"[ERROR] {database} does not exist. Create the database: python manage.py migrate\n"
        )  # fmt: skip
        assert not database.exists()
        server.manage("migrate", "--verbosity=0")
        assert run(server, "token", "ci")[0] == 0
    finally:
        server.clean()


def replace_by_a_file(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    path.write_text("theirs")


def replace_by_a_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)


def replace_by_a_fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)


def replace_by_a_symlink(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("/etc/hostname")


LOOK = "{0} cannot be written: {1}. This shows what is there: ls -ld {0}"
SYMLINK = "{0} is a symlink, and not followed. Put the file there: mv $(readlink -f {0}) {0}"


@pytest.mark.parametrize(
    ("name", "replace", "sentence"),
    [
        ("logs", replace_by_a_file, LOOK.format("{0}", "not a directory")),
        ("logs/server.log", replace_by_a_folder, LOOK.format("{0}", "is a directory")),
        ("logs/server.log", replace_by_a_fifo, LOOK.format("{0}", "not a regular file")),
        ("logs/server.log", replace_by_a_symlink, SYMLINK),
        ("locks", replace_by_a_file, LOOK.format("{0}", "not a directory")),
        ("locks/database", replace_by_a_folder, LOOK.format("{0}", "is a directory")),
        ("locks/database", replace_by_a_fifo, LOOK.format("{0}", "not a regular file")),
        ("locks/migrate", replace_by_a_symlink, SYMLINK),
    ],
)
def test_something_else_in_place_of_our_files_ends_the_start_with_one_sentence(
    stopped: Server, name: str, replace: Callable[[Path], None], sentence: str
) -> None:
    path = stopped.folder / "var" / name
    replace(path)
    kind = path.lstat().st_mode

    commands = [["serve"], ["migrate"]] if name.startswith("locks") else [["serve"]]
    for command in commands:
        assert run(stopped, *command) == (1, "", f"[ERROR] {sentence.format(path)}\n")
    assert path.lstat().st_mode == kind


@pytest.mark.parametrize("fault", ["of 0 bytes", "gone", "a symlink"])
def test_what_needs_no_database_goes_on_and_leaves_it_as_it_is(stopped: Server, fault: str) -> None:
    database = database_of(stopped)
    FAULTS[fault][0](database)
    before = contents(database.parent)

    no_daemon = f"PM2's daemon for {stopped.folder}/pm2 is not running. Starting a process starts it; `pm2 resurrect`, too, with those of a saved list."

    for command, sentence in ((["pm2", "stop", "none"], no_daemon), (["rediscluster", "stop"], NO_CLUSTER)):
        code, out, err = run(stopped, *command)
        warnings, _, errors = err.rpartition("[ERROR] ")
        assert (code, out, errors) == (1, "", f"{sentence}\n")
        assert warnings.count("\n") == ("entry of the audit trail was not stored" in warnings) == (fault == "a symlink")
    assert contents(database.parent) == before


@pytest.mark.parametrize("lose", [lose_with_a_backup, lambda file: os.truncate(file, 0)], ids=["gone", "0 bytes"])
def test_an_empty_history_can_be_begun_on_purpose(stopped: Server, lose: Callable[[Path], object]) -> None:
    lose(database_of(stopped))

    stopped.manage("migrate", "--empty", "--verbosity=0")

    assert stopped.start().stop() == 0


def test_two_first_starts_on_one_data_dir_both_serve() -> None:
    first = unused_server()
    second = Server(first.folder, {})
    try:
        processes = []
        for server in (first, second):
            argv = [*server.program, "serve"]
            process = subprocess.Popen(argv, env=server.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            server.process = process
            processes.append(process)
        for server in (first, second):
            assert poll_ready(server, lambda ready: True)["checks"]["database"]["ok"]
    finally:
        for server in (second, first):
            server.stop()
        for process in processes:
            if process.stderr:
                process.stderr.close()
        first.clean()


def poll_ready(server: Server, is_awaited: Callable[[Any], bool]) -> Any:
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s and server.process.poll() is None:
        try:
            ready = requests.get(server.url + "/ready", timeout=DEADLINE_S).json()
        except requests.ConnectionError:
            time.sleep(0.05)
            continue
        if is_awaited(ready):
            return ready
        time.sleep(0.05)
    raise AssertionError(f"not within {DEADLINE_S} s, or the server ended with {server.process.returncode}")


def test_a_damaged_page_is_reported_by_ready_while_the_server_runs(stopped: Server) -> None:
    database = database_of(stopped)
    fill(database, 1)
    damage_last_page(database)
    stopped.start()

    ready = poll_ready(stopped, lambda answer: not answer["checks"]["database"]["ok"])

    message = ready["checks"]["database"]["message"]
    assert re.fullmatch(
        re.escape(f"{database} is damaged: ") + r"On tree page .*\. To go on, stop the server and "
        + re.escape(RESTORE.format(dir=database.parent)), message,
    ), message  # fmt: skip
    assert requests.get(stopped.url + "/ready", timeout=DEADLINE_S).status_code == 503
    assert requests.get(stopped.url + "/health", timeout=DEADLINE_S).status_code == 200
    assert "the database is damaged" in stopped.log.read_text()


def test_a_scheduled_backup_is_made_beside_the_requests(start_server: StartServer) -> None:
    server = start_server(BACKUP_HOURS="24")
    folder = server.folder / "var" / "backups"
    deadline_s = time.monotonic() + DEADLINE_S
    while not list(folder.glob("scheduled-*.sqlite3")):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)

    [backup] = folder.iterdir()
    assert backup.stat().st_mode & 0o777 == 0o600
    assert poll_ready(server, lambda ready: True)["checks"]["database"]["message"] == "sqlite"


def result(number: int) -> dict[str, Any]:
    return {
        "framework": "fastify",
        "reqPerSec": 1000 + number,
        "duration": 5,
        "timestamp": f"2026-11-26T10:0{number}:00Z",
    }


def test_history_tokens_and_trail_come_back_from_a_backup_of_a_running_server(stopped: Server) -> None:
    server = stopped.start()

    def call(path: str, token: str = "", **body: Any) -> Any:
        method, headers = ("POST" if body else "GET"), {"X-API-Key": token} if token else {}
        answer = requests.request(method, server.url + path, json=body or None, headers=headers, timeout=DEADLINE_S)
        return answer.json() if answer.ok else answer.status_code

    def rates() -> list[float]:
        return [entry["reqPerSec"] for entry in call("/api/benchmark/latest")["results"]]

    call("/api/benchmark/add", **result(1))
    token = server.manage("token", "ci").strip()
    assert run(server, "backup", str(server.folder))[0] == 0
    code, out, err = run(server, "backup")
    backup = Path(out.strip())
    assert (code, backup.parent, re.sub(r"[\d.]+ MiB", "N MiB", err)) == (
        0, server.folder / "var" / "backups", "N MiB, 1 run, 0 users; checked.\n",
    )  # fmt: skip
    call("/api/benchmark/add", **result(2))
    server.manage("token", "ci", "--revoke")

    refused = run(server, "restore", str(backup))
    assert refused == (
        1, "", f"[ERROR] {server.folder}/var is in use by the server, pid {server.pid}. "
        "Stop the server and its runs first.\n",
    )  # fmt: skip
    assert (rates(), call("/api/benchmark/latest", token)) == ([1002.0, 1001.0], 401)

    server.stop()
    code, out, err = run(server, "restore", str(backup))
    assert (code, err) == (0, "")
    restored, kept, start = out.splitlines()
    assert restored == f"Restored {backup}: 1 run, 0 users."
    aside = Path(kept.removeprefix("The database that was there is kept: "))
    assert (aside.parent, start) == (server.folder / "var", "Start the server: make run")

    server.start()
    assert rates() == [1001.0]
    assert call("/api/benchmark/latest", token) != 401
    actions = [entry["action"] for entry in call("/api/activity")["entries"]]
    assert actions == ["restore", "backup", "token.create", "benchmark.add"]

    server.stop()
    run(server, "restore", str(aside))
    server.start()
    assert rates() == [1002.0, 1001.0]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("var/pm2site.sqlite3", "{0} is the database itself. Name another file."),
        ("notes.txt", "{0} exists and is not a backup. Name another file."),
        ("notes.txt/backup.sqlite3", "{1} cannot be written: not a directory. This shows what is there: ls -ld {1}"),
    ],
)
def test_a_backup_replaces_nothing_but_a_backup(stopped: Server, name: str, sentence: str) -> None:
    (stopped.folder / "notes.txt").write_text("notes")
    target = stopped.folder / name

    assert run(stopped, "backup", str(target)) == (1, "", f"[ERROR] {sentence.format(target, target.parent)}\n")
    assert (stopped.folder / "notes.txt").read_text() == "notes"


def test_files_that_others_could_read_are_corrected_at_the_next_start(stopped: Server) -> None:
    data_dir = stopped.folder / "var"
    stopped.start().stop()
    data_dir.chmod(0o755)
    for path in data_dir.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)

    stopped.env["BACKUP_HOURS"] = "24"
    stopped.start()
    poll_ready(stopped, lambda ready: (data_dir / "backups").exists())

    modes = {path.relative_to(data_dir).as_posix(): path.stat().st_mode & 0o777 for path in data_dir.rglob("*")}
    assert {name: oct(mode) for name, mode in modes.items() if mode not in (0o600, 0o700)} == {}
    assert {"pm2site.sqlite3", "pm2site.sqlite3-wal", "logs/server.log", "secret_key"} <= set(modes)
