"""A run over TLS with a credential, from its row to its result."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from benchmarks.cli import report
from benchmarks.engine import generator_execution, run_protocol
from benchmarks.models import Run, RunState, Trial
from benchmarks.runs import queue
from tests.benchmarks.engine.test_run_protocol import RecordingCallbacks, plan
from tests.benchmarks.tls_target import NAME, run_tls_target

pytestmark = pytest.mark.real
SECRET = "s3cret-of-the-target"
UNVERIFIED = "The certificate is not verified: self-signed certificate."
GENERATORS = [name for name in generator_execution.installed_generators() if name != "h2load"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("generator", GENERATORS)
def test_the_row_has_the_certificate_and_no_credential(generator: str, tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path
    with run_tls_target(tmp_path, "https") as target:
        run = Run(
            framework="api", scheme="https", host=f"{NAME}:{target.port}", address="127.0.0.1", endpoint="/simple",
            generator=generator, headers={"Authorization": f"Bearer {SECRET}"}, planned_duration_s=1, connections=4,
            workers=2, insecure=True,
        )  # fmt: skip
        queue.enqueue(run)
        call_command("run_benchmark", str(run.pk))
        credentials = target.seen()["credentials"]
    run.refresh_from_db()

    assert (run.state, run.message) == (RunState.DONE, "")
    assert set(credentials) == {f"Bearer {SECRET}"}
    assert run.tls is not None
    assert {key: run.tls[key] for key in ("subject", "verified", "reason")} == {
        "subject": f"O=Test, CN={NAME}", "verified": False, "reason": "self-signed certificate",
    }  # fmt: skip
    assert set(run.tls) == {"version", "cipher", "alpn", "subject", "issuer", "notAfter", "verified", "reason"}
    assert [reason for reason in run.reasons if reason.startswith(UNVERIFIED)] == []
    assert SECRET not in str([*Run.objects.values(), *Trial.objects.values()])


async def test_a_result_that_is_sent_has_the_certificate(tmp_path: Path) -> None:
    with run_tls_target(tmp_path, "https") as target:
        changes = {"host": f"{NAME}:{target.port}", "scheme": "https", "trials_planned": 1, "insecure": True}
        result = await run_protocol.measure(plan(target.port, **changes), RecordingCallbacks("a", []))
    entry = report.build_entry(result, run_id=uuid.uuid4(), at=datetime.now(UTC))

    assert (entry["tls"]["reason"], entry["tls"]["alpn"]) == ("self-signed certificate", "http/1.1")
    assert [reason for reason in entry["reasons"] if reason.startswith(UNVERIFIED)] == []
