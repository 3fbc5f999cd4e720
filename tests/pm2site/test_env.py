from __future__ import annotations

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from pm2site import env


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        ("", lambda: env.integer("X", 7, 1, 9), 7),
        (" 8 ", lambda: env.integer("X", 7, 1, 9), 8),
        ("yes", lambda: env.flag("X"), True),
        ("0", lambda: env.flag("X", default=True), False),
        ("", lambda: env.flag("X", default=True), True),
        ("2.5", lambda: env.seconds("X", 10), 2.5),
        ("a, b,,c ", lambda: env.comma_separated("X"), ("a", "b", "c")),
        ("/a: /b::", lambda: env.paths("X"), (Path("/a"), Path("/b"))),
        ("", lambda: env.paths("X"), ()),
        ("sh", lambda: env.program("X"), "sh"),
        ("", lambda: env.program("X"), ""),
        ("json", lambda: env.choice("X", "console", ("console", "json")), "json"),
        ("", lambda: env.choices("X", frozenset({"a", "b"})), frozenset()),
        ("b, a,,b", lambda: env.choices("X", frozenset({"a", "b", "c"})), frozenset({"a", "b"})),
        ("/tmp/here", lambda: env.path("X", Path("/none")), Path("/tmp/here")),
        ("rediss://:p@h/0", lambda: env.service_url("X", ("redis", "rediss")), "rediss://:p@h/0"),
        ("", lambda: env.service_url("X", ("redis",)), ""),
        ("postgres://u:p@h:5/n", lambda: env.database("X", Path("/d"))["HOST"], "h"),
    ],
)
def test_a_value_is_parsed(
    monkeypatch: pytest.MonkeyPatch, value: str, read: Callable[[], object], expected: object
) -> None:
    monkeypatch.setenv("X", value)

    assert read() == expected


@pytest.mark.parametrize(
    ("value", "read", "message"),
    [
        ("abc", lambda: env.integer("X", 1, 1, 9), "X='abc' is not an integer."),
        ("10", lambda: env.integer("X", 1, 1, 9), "X='10' is not between 1 and 9."),
        ("maybe", lambda: env.flag("X"), "X='maybe' is neither 1 nor 0."),
        ("nan", lambda: env.seconds("X", 1), "X='nan' is not between 0.1 and 3600 seconds."),
        ("soon", lambda: env.seconds("X", 1), "X='soon' is not a number of seconds."),
        ("xml", lambda: env.choice("X", "a", ("a", "b")), "X='xml' is not one of a, b."),
        ("a,c", lambda: env.choices("X", frozenset({"b", "a"})), "X='a,c' is not a list of a, b."),
        ("/a:b", lambda: env.paths("X"), "X='/a:b' has 'b', which is not an absolute path."),
        ("h:6379", lambda: env.service_url("X", ("redis", "amqp")), "X is not a URL redis:// or amqp://HOST:PORT."),
        ("redis://:secret@h:x", lambda: env.service_url("X", ("redis",)), "X is not a URL redis://HOST:PORT."),
        (
            "/no/where",
            lambda: env.program("X"),
            "X='/no/where' is not a program: neither a path nor a name on PATH.",
        ),
        (
            "sqlite://:memory:",
            lambda: env.database("X", Path("/d")),
            "X names a database in memory, which each thread would have for itself. Name a file: sqlite:////PATH",
        ),
    ],
)
def test_the_error_names_a_bad_value(
    monkeypatch: pytest.MonkeyPatch, value: str, read: Callable[[], object], message: str
) -> None:
    monkeypatch.setenv("X", value)

    with pytest.raises(ImproperlyConfigured) as caught:
        read()

    assert str(caught.value) == message


def test_a_database_url_without_an_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "nonsense")

    with pytest.raises(ImproperlyConfigured, match=r"^X "):
        env.database("X", Path("/d"))


def test_a_secret_is_created_once_and_readable_only_by_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "new" / "secret"

    first, second = env.load_or_create_secret(file, 50), env.load_or_create_secret(file, 50)

    assert first == second
    assert len(first) >= 50
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda file: file.write_text(""), "{0} is empty. Delete it; the next start creates a new one."),
        (lambda file: file.write_bytes(b"\xff"), "{0} is not text. Delete it; the next start creates a new one."),
        (
            lambda file: file.symlink_to("/etc/hostname"),
            "{0} is a symlink, and not followed. Put the file there: mv $(readlink -f {0}) {0}",
        ),
    ],
)
def test_the_error_says_what_is_wrong_with_a_secret(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    make(tmp_path / "secret")

    with pytest.raises(ImproperlyConfigured) as caught:
        env.load_or_create_secret(tmp_path / "secret", 50)

    assert str(caught.value) == message.format(tmp_path / "secret")


def test_of_many_first_starts_one_creates_the_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(lambda _: env.load_or_create_secret(tmp_path / "new" / "secret", 50), range(64)))

    assert len(secrets) == 1


def test_the_error_names_a_data_dir_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ImproperlyConfigured) as caught:
        env.load_or_create_secret(tmp_path / "file" / "secret", 50)

    assert str(caught.value) == (
        f"{tmp_path}/file cannot be written: not a directory. This shows what is there: ls -ld {tmp_path}/file, "
        "or set DATA_DIR to another folder."
    )


def test_the_tests_do_not_see_the_developers_settings() -> None:
    assert os.environ["PM2_HOME"].startswith("/tmp/p2")
    assert "API_KEY" not in os.environ
