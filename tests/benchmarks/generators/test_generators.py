from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.analysis.measurement import Measurement
from benchmarks.errors import GeneratorMissing, UnreadableOutput
from benchmarks.generators import autocannon, choose_generator, h2load, wrk
from benchmarks.generators.scenario import Scenario

RECORDED = Path(__file__).parents[2] / "data"
GET = Scenario(
    url="http://127.0.0.1:3002/simple", method="GET", headers=(("Host", "localhost:3002"),), body=b"",
    duration_s=10, connections=100, workers=4, pipelining=1,
)  # fmt: skip
POST = replace(GET, method="POST", body=b'{"name":"x"}', workers=1)


def test_wrk_gets_an_ip_address_and_a_script() -> None:
    assert wrk.argv(GET, ["/usr/bin/wrk"], "/tmp/s.lua") == [
        "/usr/bin/wrk", "--threads", "4", "--connections", "100", "--duration", "10s", "--timeout", "8s",
        "--latency", "--script", "/tmp/s.lua", "-H", "Host: localhost:3002", "http://127.0.0.1:3002/simple",
    ]  # fmt: skip


def test_autocannon_gets_every_option_as_one_argument() -> None:
    assert autocannon.argv(POST, ["node", "run.cjs", "autocannon.js"], "/tmp/body") == [
        "node", "run.cjs", "autocannon.js", "/tmp/body", "--json", "--no-progress", "--connections=100",
        "--duration=10", "--pipelining=1", "--timeout=8", "--method=POST", "http://127.0.0.1:3002/simple",
    ]  # fmt: skip


def test_h2load_gets_the_host_as_authority_and_a_rate_per_client() -> None:
    paced = replace(POST, method="PUT", rate_per_second=250)

    assert h2load.argv(paced, ["/usr/bin/h2load"], "/tmp/body") == [
        "/usr/bin/h2load", "--h1", "--threads=1", "--clients=100", "--duration=10", "--max-concurrent-streams=1",
        "--connection-inactivity-timeout=8", "--rps=2.500000", "--log-file=/tmp/body.log", "--data=/tmp/body",
        "--header=:method: PUT", "--header=:authority: localhost:3002", "http://127.0.0.1:3002/simple",
    ]  # fmt: skip


def test_no_body_can_end_the_string_literal_of_the_script() -> None:
    script = (wrk.input_content(replace(POST, body=b'"..os.execute("id")..[[\n]]')) or b"").decode()

    assert "os" not in script
    assert all(byte in '\\0123456789"' for byte in script.rpartition("wrk.body = ")[2].strip())


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("simple", (78060, 78060, 0, 0, 0, 78060, 20)),
        ("half", (62949, 30832, 1284, 0, 32117, 62949, 20)),
        ("slow", (0, 0, 0, 0, 0, 0, 20)),
    ],
)
def test_recorded_wrk_output_is_parsed_exactly(file: str, expected: tuple[int, ...]) -> None:
    measurement = wrk.parse((RECORDED / "wrk-4.1.0" / f"{file}.txt").read_text())

    assert (*counts(measurement), sum(count for _, count in measurement.latencies_us), 20) == expected
    assert measurement.connections_used == 20


def test_wrk_without_responses_has_no_latency() -> None:
    measurement = wrk.parse((RECORDED / "wrk-4.1.0/slow.txt").read_text())

    assert (measurement.mean_ms, measurement.max_ms, measurement.percentiles_ms) == (None, None, {})


@pytest.mark.parametrize(
    ("file", "expected", "p99"),
    [
        ("simple", (171053, 171053, 0, 0, 0), 0.0),
        ("half", (123021, 60255, 0, 0, 62766), 43.0),
        ("slow", (0, 0, 30, 30, 0), None),
        ("refused", (0, 0, 26210, 0, 0), None),
        ("warmed", (55429, 55429, 0, 0, 0), 0.0),
    ],
)
def test_recorded_autocannon_output_is_parsed_exactly(file: str, expected: tuple[int, ...], p99: float | None) -> None:
    measurement = autocannon.parse((RECORDED / "autocannon-9.0.0" / f"{file}.json").read_text())

    assert counts(measurement) == expected
    assert measurement.percentiles_ms.get("99") == p99
    assert "95" not in measurement.percentiles_ms


@pytest.mark.parametrize(
    ("file", "expected", "mean_ms", "percentiles"),
    [
        ("simple", (140651, 140651, 0, 0, 0), 0.284, {}),
        ("half", (148320, 74203, 0, 0, 74117), 0.269, {}),
        ("slow", (0, 0, 0, 0, 0), None, {}),
        ("refused", (0, 0, 0, 0, 0), None, {}),
        ("rate", (400, 400, 0, 0, 0), 2.0037575, {"50": 1.394, "90": 2.668, "95": 3.483}),
    ],
)
def test_recorded_h2load_output_is_parsed_exactly(
    file: str, expected: tuple[int, ...], mean_ms: float | None, percentiles: dict[str, float]
) -> None:
    measurement = h2load.parse((RECORDED / "h2load-1.52.0" / f"{file}.txt").read_text())

    assert counts(measurement) == expected
    assert measurement.duration_s == 2.0
    assert measurement.connections_used == (5 if file in ("slow", "refused") else 20)
    assert measurement.mean_ms == (None if mean_ms is None else pytest.approx(mean_ms))
    assert measurement.percentiles_ms == percentiles
    assert sum(count for _, count in measurement.latencies_us) == (400 if file == "rate" else 0)


def test_raw_and_corrected_latencies_are_both_kept() -> None:
    measurement = wrk.parse((RECORDED / "wrk-4.1.0/simple.txt").read_text())

    raw, corrected = (
        sum(count for _, count in latencies) for latencies in (measurement.latencies_us, measurement.corrected_us)
    )
    assert (raw, corrected) == (measurement.responses, 87322)


def test_autocannons_truncation_is_recorded_as_resolution() -> None:
    measurement = autocannon.parse((RECORDED / "autocannon-9.0.0/simple.json").read_text())

    assert (measurement.resolution_us, measurement.percentiles_ms["50"]) == (1000, 0.0)


def counts(measurement: Measurement) -> tuple[int, ...]:
    return (measurement.responses, measurement.successes, measurement.errors, measurement.timeouts, measurement.non_2xx)


@pytest.mark.parametrize("text", ["", "garbage", "{}", '@@RUN1@@{"requests": 1', "@@RUN1@@[]", '{"latency":1}'])
@pytest.mark.parametrize("generator", [wrk, h2load, autocannon])
def test_garbage_raises_unreadable_output(generator: object, text: str) -> None:
    with pytest.raises(UnreadableOutput):
        generator.parse(text)  # type: ignore[attr-defined]


@given(st.dictionaries(st.integers(1, 3000), st.integers(1, 50), min_size=1), st.integers(1, 20))
def test_wrks_correction_is_undone_exactly(raw: dict[int, int], connections: int) -> None:
    requests, duration_us = sum(raw.values()) + connections, 100_000
    expected = duration_us // (requests // connections)
    corrected = dict(raw)
    for value, count in raw.items():
        step = value - expected
        while value >= 2 * expected and step > expected:
            corrected[step] = corrected.get(step, 0) + count
            step -= expected

    undone = wrk.undo_correction(tuple(sorted(corrected.items())), requests, connections, duration_us)

    assert dict(undone) == raw


def test_wrk_is_preferred_to_h2load_and_h2load_to_autocannon() -> None:
    names = ["autocannon", "h2load", "wrk"]

    assert [choose_generator(names, None), choose_generator(names[:2], None), choose_generator(names[:1], None)] == [
        "wrk",
        "h2load",
        "autocannon",
    ]
    assert choose_generator(names, None, 4) == "autocannon"
    assert choose_generator(names, "autocannon") == "autocannon"
    assert choose_generator(names, None, is_paced=True) == "h2load"


@pytest.mark.parametrize(
    ("installed", "requested", "is_paced"), [([], None, False), (["autocannon"], "wrk", False), (["wrk"], None, True)]
)
def test_a_missing_generator_is_never_replaced_by_another(
    installed: list[str], requested: str | None, is_paced: bool
) -> None:
    with pytest.raises(GeneratorMissing):
        choose_generator(installed, requested, is_paced=is_paced)
