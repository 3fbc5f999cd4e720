"""`run history`: one metric as picture, CSV and JSON; the list of metrics; errors; completion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from dashboard_client import Client
from dashboard_client.commands import arguments, completion
from dashboard_client.commands.metric_history import history_lines
from dashboard_client.tui.screen.theme import BRAILLE, PLAIN_ASCII
from dashboard_client.wire.decode import convert
from dashboard_client.wire.metric_history import MetricHistory
from tests.dashboard_client import recorded_night
from tests.dashboard_client.fakes import http_server, reply
from tests.dashboard_client.recorded_night import answer_history, night, send
from tests.fixtures.client import run_client

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def requested() -> list[str]:
    return []


@pytest.fixture
def recorded_url(requested: list[str]) -> Iterator[str]:
    def handle(request: BaseHTTPRequestHandler) -> None:
        requested.append(request.path)
        if not answer_history(request):
            send(request, {"code": "not_found", "message": "No such endpoint."}, 404)

    with http_server(handle) as url:
        yield url


def test_json_is_the_body_of_the_server(recorded_url: str, requested: list[str]) -> None:
    printed = run_client(recorded_url, "run", "history", "app.cpu", "api", "--from", "-1d", "--to", "1h", "--json")

    expected = night({"metric": "app.cpu", "subject": "api", "from": "-1d", "to": "-1h"})
    assert (json.loads(printed.stdout), printed.stderr, printed.returncode) == (expected, "", 0)
    assert requested == ["/api/history?metric=app.cpu&subject=api&from=-1d&to=-1h"]


def test_csv_has_a_row_for_each_interval_and_none_for_a_gap(recorded_url: str) -> None:
    argv = ["--from", "2026-11-23T02:00:00Z", "--to", "2026-11-23T05:00:00Z", "--points", "18", "--csv"]
    printed = run_client(recorded_url, "run", "history", "host.cpu", *argv)

    lines = printed.stdout.splitlines()
    times = [line.split(",")[0] for line in lines[1:]]
    assert lines[:2] == ["time,min,mean,max", "2026-11-23T02:00:00Z,34.317,42.317,54.317"]
    assert [time for time in times if time[11:16] in ("02:50", "03:00", "03:10", "03:50", "04:00", "04:10")] == [
        "2026-11-23T02:50:00Z", "2026-11-23T03:00:00Z", "2026-11-23T04:10:00Z",
    ]  # fmt: skip
    assert (printed.stderr, printed.returncode) == ("", 0)


def test_a_person_sees_a_picture_a_table_and_what_happened() -> None:
    history = convert(MetricHistory, night({"metric": "app.cpu", "subject": "api", "from": "-12h", "points": "160"}))

    assert (
        list(history_lines(history, BRAILLE, 80))
        == """\
app.cpu api   2026-11-22 20:00:00 to 2026-11-23 08:00:00   10 min a point

91.4 %                                                  ⢀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣠⣤⣴⣶⣾⣿⣿⣿⣿⣿⣿⣶
                                               ⢀⣀⣠⣤     ⢸⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⠿⠿⠿⠛⠛⠉⠉⠉⠙⠛⠛
                              ⣀⣀⣤⣤⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⠿            ⠈⠉⠉
       ⣀⣀⣀⣀⣤⣤⣶⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣷⣶⣶⣿⣿⣿⣿⣿⡿⠿⠟⠛⠋⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉
 2.1 % ⣿⣿⣿⣿⣿⡿⠿⠟⠛⠛⠋⠉⠉⠉⠉⠉⠛⠛⠛⠛⠛⠋⠉⠉⠁
       2026-11-22 20:00:00                                   2026-11-23 08:00:00

from                 to                      min    mean     max
2026-11-22 20:00:00  2026-11-22 22:00:00   2.1 %  15.8 %  35.4 %
2026-11-22 22:00:00  2026-11-23 00:00:00  12.0 %  22.1 %  38.0 %
2026-11-23 00:00:00  2026-11-23 02:00:00  20.6 %  39.0 %  55.3 %
2026-11-23 02:00:00  2026-11-23 04:00:00  34.3 %  44.9 %  62.0 %
2026-11-23 04:00:00  2026-11-23 06:00:00  55.9 %  65.3 %  78.5 %
2026-11-23 06:00:00  2026-11-23 08:00:00  59.2 %  75.4 %  91.4 %
2026-11-22 20:00:00  2026-11-23 08:00:00   2.1 %  43.3 %  91.4 %

2026-11-23 01:30:00  exit     api 3 exited: SIGKILL, out of memory
2026-11-23 03:00:00  server   pm2site stopped
2026-11-23 06:00:00  deploy   api reloaded by token ci
""".splitlines()
    )


def test_annotations_that_the_server_left_out_are_counted() -> None:
    body = {**night({"metric": "app.cpu", "subject": "api", "from": "-12h"}), "annotationsLeftOut": 7}
    lines = list(history_lines(convert(MetricHistory, body), BRAILLE, 80))

    assert lines[-4] == "7 older ones; a shorter time has them:"


def test_without_characters_of_its_own_a_picture_is_ascii() -> None:
    history = convert(MetricHistory, night({"metric": "app.cpu", "subject": "api", "from": "-12h"}))

    assert all(line.isascii() for line in list(history_lines(history, PLAIN_ASCII, 60))[:8])


@pytest.mark.parametrize("words", [[], ["metrics"]])
def test_the_metrics_are_listed_with_their_subjects(recorded_url: str, words: list[str]) -> None:
    printed, as_json = (run_client(recorded_url, "run", "history", *words, *option) for option in ((), ("--json",)))

    assert printed.stdout.splitlines() == [
        "metric      unit     subjects     description",
        "host.cpu    percent  –            CPU of all cores",
        "app.cpu     percent  api, worker  CPU of an app",
        "app.memory  bytes    api          Memory of an app",
    ]
    assert printed.stderr == "Recorded since 2026-11-09 08:00:00.\n"
    assert json.loads(as_json.stdout) == recorded_night.METRICS


def test_an_unknown_metric_is_an_error_that_names_the_known_ones(recorded_url: str) -> None:
    printed = run_client(recorded_url, "run", "history", "app.speed", "api")

    assert (printed.stdout, printed.returncode) == ("", 1)
    assert printed.stderr.startswith("[ERROR] metric: Unknown. The metrics are host.cpu, host.memory, app.cpu")


OFF = "HISTORY=0: no metrics are recorded. Start the server without it."


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (404, {"code": "not_found", "message": "No such endpoint."}, "its version is too old for this command."),
        (503, {"code": "history_off", "message": OFF}, OFF),
    ],
)
@pytest.mark.parametrize("words", [["host.cpu"], ["host.cpu", "--csv"], ["metrics"]])
def test_a_server_without_a_history_is_one_sentence(
    status: int, body: dict[str, str], message: str, words: list[str]
) -> None:
    with http_server(lambda request: send(request, body, status)) as url:
        printed = run_client(url, "run", "history", *words)

    assert (printed.stdout, printed.returncode, len(printed.stderr.splitlines())) == ("", 1, 1)
    assert printed.stderr.startswith("[ERROR] ")
    assert printed.stderr.endswith(f"{message}\n")


def test_a_time_without_samples_is_reported_beside_the_output() -> None:
    empty = {**night({"metric": "app.cpu", "subject": "gone"}), "points": [], "annotations": []}
    with http_server(lambda request: send(request, empty)) as url:
        printed, as_csv = (run_client(url, "run", "history", "app.cpu", "gone", *words) for words in ((), ("--csv",)))

    message = "No samples of app.cpu gone from 2026-11-23 07:00:00 to 2026-11-23 08:00:00.\n"
    assert (printed.stdout.count("\n"), printed.stderr, printed.returncode) == (1, message, 0)
    assert (as_csv.stdout, as_csv.stderr, as_csv.returncode) == ("time,min,mean,max\n", "", 0)


@pytest.mark.parametrize("body", [b'{"a":1}', b'{"metric":"host.cpu","points":[[1],["x",2,3,4],[1e300,1,2,3],7]}'])
def test_an_unreadable_answer_is_no_traceback(body: bytes) -> None:
    with http_server(lambda request: reply(request, body, Content_Type="application/json")) as url:
        printed = run_client(url, "run", "history", "host.cpu")

    assert printed.returncode in (0, 1)
    assert "Traceback" not in printed.stderr


def test_the_export_of_benchmarks_keeps_its_words() -> None:
    export, times = (
        arguments.parse(["run", "history", *words])
        for words in (["export", "--format", "csv"], ["app.cpu", "--from", "-90s", "api", "--to=-5m"])
    )

    assert (export.verb, export.format) == ("export", "csv")
    assert (times.verb, times.metric, times.subject, times.start, times.end) == (
        "show", "app.cpu", "api", "-90s", "-5m",
    )  # fmt: skip


@pytest.mark.parametrize("words", [["host.cpu", "--json", "--csv"], ["host.cpu", "-1x"], ["host.cpu", "--points", "0"]])
def test_wrong_usage_is_exit_code_2(words: list[str]) -> None:
    assert run_client("", "run", "history", *words).returncode == 2


def test_help_has_examples() -> None:
    texts = [run_client("", "run", "history", *words, "--help").stdout for words in ([], ["show"])]

    assert ["history app.cpu api --from -1d" in text for text in texts] == [True, True]


def test_the_library_has_a_method_for_each_endpoint(recorded_url: str, requested: list[str]) -> None:
    client = Client(recorded_url, "")

    assert client.history("app.cpu", "api", start="-6h", points=100)["unit"] == "percent"
    assert client.history_metrics()["recording"] is True
    assert requested == ["/api/history?metric=app.cpu&subject=api&from=-6h&points=100", "/api/history/metrics"]


def test_metrics_and_subjects_are_completed(recorded_url: str) -> None:
    options = Namespace(server=recorded_url, metric="app.cpu")

    assert list(completion.metrics("", options)) == ["host.cpu", "app.cpu", "app.memory", "metrics", "export"]
    assert list(completion.metrics("app.c", options)) == ["app.cpu"]
    assert list(completion.subjects("w", options)) == ["worker"]
    assert list(completion.subjects("", Namespace(server="http://127.0.0.1:9", metric="app.cpu"))) == []


@pytest.mark.real
def test_the_shell_completes_behind_history(recorded_url: str, tmp_path: Path) -> None:
    from tests.dashboard_client.commands.test_completion import complete

    lines = [
        complete(f"pm2site-dashboard run history {words}", tmp_path, recorded_url) for words in ("app.", "app.cpu ")
    ]

    assert lines == [["app.cpu", "app.memory"], ["api", "worker"]]


@pytest.mark.real
def test_a_closed_pipe_is_no_error(recorded_url: str) -> None:
    command = f"{sys.executable} -m dashboard_client run history host.cpu --from -14d --points 2000 --csv | head -1"
    env = {**os.environ, "API_SERVER": recorded_url}
    printed = subprocess.run(["bash", "-c", command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)

    assert (printed.stdout, printed.stderr) == ("time,min,mean,max\n", "")
