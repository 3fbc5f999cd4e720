import pytest
from pytest_django import Settings

from benchmarks.engine.address import TargetAddress
from benchmarks.errors import TargetNotAllowed
from benchmarks.runs.allowed_targets import resolve_target

PORTS = {3001, 3002}


@pytest.mark.parametrize(
    "host",
    [
        "8.8.8.8", "169.254.169.254", "0.0.0.0", "2130706433", "0x7f000001", "127.1", "0177.0.0.1",
        "localhost.evil.com", "evil.com", "user@localhost", "localhost:6379", "localhost:3100", "localhost:0",
        "localhost:99999", "file:///etc/passwd", "http://localhost", "[::]", "[::ffff:8.8.8.8]", "", " ",
        "localhost:3001/x", "-h", "255.255.255.255", "224.0.0.1",
    ],
)  # fmt: skip
def test_targets_other_than_this_machine_are_refused(host: str) -> None:
    with pytest.raises(TargetNotAllowed):
        resolve_target(host, 3001, PORTS)


def test_loopback_is_resolved_once() -> None:
    assert resolve_target("localhost", 3001, PORTS) == TargetAddress(
        "localhost", "127.0.0.1", 3001, is_outside_pm2=False
    )
    assert resolve_target("127.0.0.1:3002", 3001, PORTS).origin == "http://127.0.0.1:3002"
    assert resolve_target("[::1]", 3001, PORTS).authority == "[::1]:3001"


def test_an_allow_listed_target_may_have_any_port(settings: Settings) -> None:
    settings.BENCH_TARGETS = ("127.0.0.1:9999", "10.1.2.3")

    assert resolve_target("127.0.0.1:9999", 3001, PORTS).is_outside_pm2
    assert resolve_target("10.1.2.3:80", 3001, PORTS) == TargetAddress("10.1.2.3", "10.1.2.3", 80, is_outside_pm2=True)
    with pytest.raises(TargetNotAllowed):
        resolve_target("127.0.0.1:9998", 3001, PORTS)
