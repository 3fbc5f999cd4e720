"""Django's admin accepts lookups in a URL; those with a cost that a client chooses are refused."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from pm2site.models import Activity


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["pm2site/activity/?message", "auth/user/?username", "benchmarks/run/?framework"])
@pytest.mark.parametrize("lookup", ["regex", "iregex"])
def test_a_pattern_in_a_url_of_the_admin_is_refused(page: str, lookup: str) -> None:
    Activity.objects.create(actor="ada", action="pm2.start", message="a" * 24, status=200)
    browser = Client()
    browser.force_login(get_user_model().objects.create_user("a" * 24, is_staff=True, is_superuser=True))

    answer = browser.get(f"/admin/{page}__{lookup}=^(a%2B)%2Bb$")

    assert (answer.status_code, answer.headers.get("Location")) == (302, f"/admin/{page.partition('?')[0]}?e=1")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "lookup",
    [
        "auth/user/?password__startswith=p",
        "auth/user/?groups__name__regex=x",
        "auth/group/?id__range=5",
        "pm2site/activity/?id__in=999999999999999999999",
        "pm2site/activity/?_to_field=x",
        "pm2/exit/?at__year=99999999999999999999",
        "pm2site/accesstoken/?created__year=-1",
        "benchmarks/run/?at__range=",
        "benchmarks/run/?validity__range=x",
    ],
)
def test_parameters_that_a_list_cannot_follow_are_ignored(lookup: str) -> None:
    browser = Client(headers={"Host": "localhost"})
    browser.force_login(get_user_model().objects.create_superuser("ada"))

    answer = browser.get(f"/admin/{lookup}")
    listed = browser.get(answer.headers["Location"])

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/{lookup.partition('?')[0]}?e=1")
    assert listed.status_code == 200


@pytest.mark.django_db
def test_a_field_that_a_page_may_not_refer_to_is_refused() -> None:
    browser = Client(headers={"Host": "localhost"})
    browser.force_login(get_user_model().objects.create_superuser("ada"))

    answer = browser.get("/admin/auth/user/add/?_popup=1&_to_field=password")

    assert (answer.status_code, answer.json()["message"]) == (400, "The field password cannot be referenced.")
