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
