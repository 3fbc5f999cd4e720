"""Closed, full and foreign standard streams, in the two copies of the module: the client imports nothing of the server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import dashboard_client.standard_streams
import system.host.standard_streams

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[3]
COPIES = (system.host.standard_streams.__file__, dashboard_client.standard_streams.__file__)
NO_SPACE = "[ERROR] Cannot write the output: No space left on device\n"
CLOSED = "[ERROR] Cannot write the output: Bad file descriptor\n"


def test_the_two_copies_are_equal() -> None:
    server, client = (Path(str(copy)).read_text(encoding="utf-8") for copy in COPIES)

    assert server == client


def run(body: str, *, closed: int | None = None, checked: str = "checked()", **environ: str) -> tuple[int, bytes, str]:
    """Executes `body` in `with checked():` and a new interpreter. Exit code, stdout, stderr. `closed`: a descriptor."""
    program = f"import os, sys\nfrom system.host import standard_streams\nwith standard_streams.{checked}:\n    {body}"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={"PATH": os.environ["PATH"], **environ}, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=60, check=False, preexec_fn=close(closed),
    )  # fmt: skip
    return finished.returncode, finished.stdout, finished.stderr.decode()


def close(descriptor: int | None) -> Callable[[], None] | None:
    return None if descriptor is None else lambda: os.close(descriptor)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "body", ["print('x')", "print('x' * 2**20)", "print('x'); sys.exit(0)", "sys.stdout.buffer.write(b'x')"]
)
def test_output_to_a_full_disk_is_one_message_and_exit_code_1(body: str, unbuffered: str) -> None:
    body = f"os.dup2(os.open('/dev/full', os.O_WRONLY), 1); {body}"

    assert run(body, PYTHONUNBUFFERED=unbuffered) == (1, b"", NO_SPACE)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("body", ["print('x')", "print('x' * 2**20)"])
def test_a_closed_pipe_ends_the_program_silently_with_exit_code_1(body: str, unbuffered: str) -> None:
    body = f"reader, writer = os.pipe(); os.close(reader); os.dup2(writer, 1); {body}"

    assert run(body, PYTHONUNBUFFERED=unbuffered) == (1, b"", "")


def test_a_closed_standard_output_is_an_error_and_not_the_next_file() -> None:
    code, _, err = run("file = open('/dev/null'); assert file.fileno() > 2; print('x')", closed=1)

    assert (code, err) == (1, CLOSED)


def test_a_program_without_output_needs_no_standard_output() -> None:
    assert run("sys.exit(3)", closed=1)[0] == 3


def test_a_closed_standard_input_is_an_empty_one() -> None:
    assert run("print(sys.stdin.isatty(), repr(sys.stdin.read()))", closed=0) == (0, b"False ''\n", "")


@pytest.mark.parametrize("body", ["os.close(2)", "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)"])
def test_messages_that_cannot_be_written_are_dropped(body: str) -> None:
    assert run(f"{body}; print('progress', file=sys.stderr); print('result')") == (0, b"result\n", "")


def test_a_closed_standard_error_leaves_the_output_alone() -> None:
    assert run("print('progress', file=sys.stderr); print('result')", closed=2) == (0, b"result\n", "")


def test_children_inherit_what_replaces_a_closed_stream() -> None:
    body = "import subprocess; print(subprocess.run([sys.executable, '-c', 'open(0).read()'], check=True).returncode)"

    assert run(body, closed=0) == (0, b"0\n", "")


def test_a_server_goes_on_without_its_output() -> None:
    body = "os.dup2(os.open('/dev/full', os.O_WRONLY), 1); print('x', flush=True); print('served', file=sys.stderr)"

    assert run(body, checked="checked(is_server=True)") == (0, b"", "served\n")


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("euc_jp", "± >= - … × . \\u20ac \\udcff 日本".encode("euc_jp")),
        ("gbk", "± ≥ – … × · \\u20ac \\udcff 日本".encode("gbk")),
        ("ascii", b"+- >= - ... x . \\u20ac \\udcff \\u65e5\\u672c"),
        ("utf-8", "± ≥ – … × · € \\udcff 日本".encode()),
    ],
)
def test_characters_that_the_encoding_lacks_are_substituted_or_escaped(encoding: str, expected: bytes) -> None:
    code, out, err = run(r"print('± ≥ – … × · € \udcff 日本')", PYTHONIOENCODING=encoding, PYTHONUTF8="1")

    assert (code, err) == (0, "")
    assert out == expected + b"\n"


def test_undecodable_input_is_replaced() -> None:
    program = (
        "from system.host import standard_streams as s\nimport sys\nwith s.checked(): print(ascii(sys.stdin.read()))"
    )

    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, input=b"y\xff", capture_output=True, timeout=60
    )

    assert (finished.stdout, finished.stderr) == (b"'y\\ufffd'\n", b"")
