import platform

from benchmarks.engine.environment import fingerprint


def test_the_same_conditions_have_the_same_key() -> None:
    one, other = fingerprint("wrk", "4.1.0", is_local=True), fingerprint("h2load", "1.52.0", is_local=True)

    assert one["key"] == other["key"]
    assert fingerprint("wrk", "4.1.0", is_local=False)["key"] != one["key"]


def test_it_says_on_what_machine_with_what_programs() -> None:
    facts = fingerprint("wrk", "4.1.0", is_local=True)

    assert (facts["role"], facts["hostname"], facts["generator"]) == ("both", platform.node(), "wrk")
    assert str(facts["pm2"]) == "7.0.4"
    assert facts["memoryBytes"]
    assert facts["cpuCount"]
