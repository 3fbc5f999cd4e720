import platform

from benchmarks.engine.environment import fingerprint


def test_runs_under_the_same_conditions_have_the_same_key() -> None:
    first, other = fingerprint("wrk", "4.1.0", is_local=True), fingerprint("h2load", "1.52.0", is_local=True)

    assert first["key"] == other["key"]
    assert fingerprint("wrk", "4.1.0", is_local=False)["key"] != first["key"]


def test_the_fingerprint_describes_machine_and_programs() -> None:
    facts = fingerprint("wrk", "4.1.0", is_local=True)

    assert (facts["role"], facts["hostname"], facts["generator"]) == ("both", platform.node(), "wrk")
    assert str(facts["pm2"]) == "7.0.4"
    assert facts["memoryBytes"]
    assert facts["cpuCount"]
