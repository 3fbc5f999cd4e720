"""`runs/ID/baseline`, `baselines`, and verdicts against them, over rows of the history."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from rest_framework.test import APIClient

from benchmarks.models import Baseline, Run, RunState, Validity
from pm2site.models import Activity
from tests.benchmarks.history.test_run_side import compare, create_run

pytestmark = pytest.mark.django_db

BASE = [100.0, 101.0, 99.5, 100.5, 100.2]
SLOWER = [90.0, 91.0, 89.5, 90.5, 90.2]


def client() -> APIClient:
    return APIClient(headers={"host": "127.0.0.1"})


def standard(rates: list[float], **changes: Any) -> Run:
    return create_run("fastify", rates, **{"planned_duration_s": 10, "profile": "standard", **changes})


def set_baseline(run: Run | uuid.UUID | str, body: object = None) -> tuple[int, Any]:
    run_id = run.pk if isinstance(run, Run) else run
    answer = client().post(f"/api/benchmark/runs/{run_id}/baseline", body or {}, format="json")
    return answer.status_code, answer.json()


def details(run: Run) -> Any:
    answer = client().get(f"/api/benchmark/runs/{run.pk}")
    assert answer.status_code == 200
    return answer.json()


def test_a_later_run_is_compared_with_the_baseline() -> None:
    base = standard(BASE)
    new = standard(SLOWER)
    status, answer = set_baseline(base, {"reason": "release 1.0"})

    assert (status, answer["success"]) == (200, True)
    assert answer["message"] == f"Run {base.pk} is the baseline of fastify GET /simple."
    body = details(new)
    assert {key: body["baseline"][key] for key in ("id", "isThis", "setBy", "reason")} == {
        "id": str(base.pk), "isThis": False, "setBy": "this machine", "reason": "release 1.0",
    }  # fmt: skip
    assert (body["againstBaseline"]["verdict"], body["againstBaseline"]["base"]) == ("worse", str(base.pk))
    assert body["againstBaseline"]["text"].startswith("The new run is 10.0 % slower than the base run (between ")
    base_details = details(base)
    assert (base_details["baseline"]["isThis"], base_details["againstBaseline"]) == (True, None)
    status, comparison = compare("baseline", new.pk)
    del comparison["timestamp"]
    assert (status, comparison) == (200, body["againstBaseline"])


def test_setting_a_baseline_replaces_the_previous_one() -> None:
    first, second = standard(BASE), standard(SLOWER)
    elsewhere = standard(BASE, endpoint="/code")
    for run in (first, elsewhere, second, second):
        assert set_baseline(run)[0] == 200
    listed = client().get("/api/benchmark/baselines").json()

    assert [(baseline["result"]["endpoint"], baseline["result"]["id"]) for baseline in listed["baselines"]] == [
        ("/code", str(elsewhere.pk)), ("/simple", str(second.pk)),
    ]  # fmt: skip
    assert listed["count"] == 2


def test_dropping_a_baseline_keeps_its_run() -> None:
    run = standard(BASE)
    set_baseline(run)
    address = f"/api/benchmark/runs/{run.pk}/baseline"
    answers = [client().delete(address) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 404]
    assert answers[0].json()["message"] == f"Run {run.pk} is no longer a baseline."
    assert answers[1].json()["code"] == "no_baseline"
    assert details(run)["baseline"] is None
    trail = Activity.objects.order_by("id").values_list("action", "target", "outcome")
    assert list(trail) == [
        ("benchmark.baseline", str(run.pk), "ok"),
        ("benchmark.baseline.delete", str(run.pk), "ok"),
        ("benchmark.baseline.delete", str(run.pk), "refused"),
    ]


def test_deleting_a_run_deletes_its_baseline() -> None:
    run = standard(BASE)
    set_baseline(run)
    assert client().delete(f"/api/benchmark/runs/{run.pk}").status_code == 200

    assert not Baseline.objects.exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"validity": Validity.CAUTION}, "It is caution, not valid."),
        ({"validity": Validity.INVALID}, "It is invalid, not valid."),
        ({"validity": Validity.UNKNOWN}, "It is unknown, not valid."),
        ({"state": RunState.INTERRUPTED}, "It is interrupted."),
        ({"state": RunState.RUNNING}, "It is running."),
        (
            {"trials_planned": 1, "planned_duration_s": 20},
            "It was planned as 1 × 20 s; at least 5 × 10 s are needed (profile standard).",
        ),
        (
            {"trials_planned": 5, "planned_duration_s": 2},
            "It was planned as 5 × 2 s; at least 5 × 10 s are needed (profile standard).",
        ),
        (
            {"profile": "sweep", "trials_planned": 24},
            "It is a sweep, whose trials are at different rates.",
        ),
    ],
)
def test_an_unfit_baseline_is_refused(changes: dict[str, Any], reason: str) -> None:
    run = standard(BASE, **changes)
    status, answer = set_baseline(run)

    assert (status, answer["code"], answer["fields"]) == (409, "unfit_baseline", {"reasons": [reason]})
    assert answer["message"] == f"Run {run.pk} cannot be a baseline. {reason}"
    assert not Baseline.objects.exists()


def test_a_noisy_run_and_one_without_trials_are_refused() -> None:
    noisy = standard([100.0, 130.0, 70.0, 140.0, 80.0])
    bare = standard([], trials_planned=5)

    assert set_baseline(noisy)[1]["fields"]["reasons"] == ["The trials of fastify vary by 29 % (standard deviation)."]
    assert set_baseline(bare)[1]["fields"]["reasons"] == [
        "fastify has 0 trials; at least 4 are needed (profile standard)."
    ]


def test_a_missing_baseline_is_404_with_a_hint() -> None:
    run = standard(BASE)
    status, answer = compare("baseline", run.pk)

    assert (status, answer["code"]) == (404, "no_baseline")
    assert answer["message"] == (
        "There is no baseline for fastify GET /simple. Set one: POST /api/benchmark/runs/ID/baseline, or in the admin."
    )
    assert details(run)["againstBaseline"] is None


def test_different_conditions_give_reasons_instead_of_a_verdict() -> None:
    base, new = standard(BASE), standard(SLOWER, connections=50, environment={"key": "elsewhere"})
    set_baseline(base)
    body = details(new)["againstBaseline"]

    assert body["verdict"] == "no verdict"
    assert body["reasons"] == [
        "They differ in connections: 100 and 50.", "They were measured on different machines or with different programs.",
    ]  # fmt: skip


def admin_client(**more: Any) -> Client:
    browser = Client(headers={"Host": "localhost", "Accept": "text/html"})
    browser.force_login(get_user_model().objects.create_user("boss", is_staff=True, is_superuser=True, **more))
    return browser


def run_action(browser: Client, action: str, *runs: Run) -> Any:
    form = {"action": action, "_selected_action": [str(run.pk) for run in runs]}
    return browser.post("/admin/benchmarks/run/", form, follow=True)


def test_the_admin_sets_drops_and_shows_a_baseline() -> None:
    browser = admin_client()
    base = standard(BASE, req_per_sec=100.2, at=datetime(2026, 1, 1, tzinfo=UTC))
    new = standard(SLOWER, req_per_sec=90.2)
    caution_run = standard(BASE, validity=Validity.CAUTION, req_per_sec=95.0)
    body = run_action(browser, "name_baseline", base).content.decode()

    assert f"Run {base.pk} is the baseline of fastify GET /simple." in body
    assert body.count("fastify (baseline)") == 1
    assert Baseline.objects.get().set_by == "boss"
    assert (
        f"Run {caution_run.pk} cannot be a baseline. It is caution, not valid."
        in run_action(browser, "name_baseline", caution_run).content.decode()
    )
    page = browser.get(f"/admin/benchmarks/run/{new.pk}/change/").content.decode()
    assert "<b>The new run is 10.0 % slower than the base run (between" in page
    assert "This is the baseline" in browser.get(f"/admin/benchmarks/run/{base.pk}/change/").content.decode()
    query = {"framework": "fastify", "endpoint": "/simple", "method": "GET"}
    assert ">baseline 100<" in browser.get("/admin/benchmarks/run/history/", query).content.decode()
    assert f"Run {base.pk} is no longer a baseline." in run_action(browser, "drop_baseline", base).content.decode()
    assert not Baseline.objects.exists()


def test_the_admin_compares_exactly_two_runs() -> None:
    browser = admin_client()
    new = standard(SLOWER)
    base = standard(BASE, at=datetime(2026, 1, 1, tzinfo=UTC))
    answer = run_action(browser, "compare_two", new, base)

    assert answer.redirect_chain == [(f"/admin/benchmarks/run/compare/?base={base.pk}&new={new.pk}", 302)]
    page = answer.content.decode()
    assert "The new run is 10.0 % slower than the base run" in page
    assert page.count("<td>worse</td>") == 2
    assert "Select two runs to compare." in run_action(browser, "compare_two", new).content.decode()
    unknown = browser.get("/admin/benchmarks/run/compare/", {"base": "<b>", "new": str(new.pk)}).content.decode()
    assert "There is no run &#x27;&lt;b&gt;&#x27; in the history." in unknown


def test_a_user_without_permissions_cannot_set_a_baseline() -> None:
    browser = Client(headers={"Host": "localhost", "Accept": "text/html"})
    viewer = get_user_model().objects.create_user("viewer", is_staff=True)
    browser.force_login(viewer)
    run = standard(BASE)
    run_action(browser, "name_baseline", run)

    assert not Baseline.objects.exists()
    assert browser.get("/admin/benchmarks/run/compare/").status_code == 403


def test_bad_input_is_400_or_404() -> None:
    run = standard(BASE)

    assert set_baseline(uuid.uuid4())[1]["code"] == set_baseline("x")[1]["code"] == "run_not_found"
    for body in ({"reason": "x" * 201}, {"reason": 5}, {"reason": "a\x00b"}, [1]):
        assert (set_baseline(run, body)[0], Baseline.objects.count()) == (400, 0)
