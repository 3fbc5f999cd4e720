"""Own targets in the admin: the API's rules, and no credential in a page."""

from __future__ import annotations

import html
import json

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from benchmarks.models import StoredTarget
from benchmarks.targets import store

pytestmark = pytest.mark.django_db
ADD = "/admin/benchmarks/storedtarget/add/"
ENDPOINTS = [{"path": "/orders", "headers": {"Authorization": "Bearer hush-hush-1"}}]


@pytest.fixture
def client() -> Client:
    client = Client(headers={"Host": "localhost"})
    client.force_login(get_user_model().objects.create_superuser("ada"))
    return client


def form(**fields: object) -> dict[str, str]:
    entered = {"name": "orders", "url": "http://10.0.0.5:80", "protocol": "http1", "endpoints": ENDPOINTS, **fields}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in entered.items()}


def test_a_target_is_added_and_changed_without_its_credential_in_a_page(client: Client) -> None:
    added = client.post(ADD, form())
    row = StoredTarget.objects.get()
    page = client.get(f"/admin/benchmarks/storedtarget/{row.pk}/change/").content.decode()
    changed = client.post(
        f"/admin/benchmarks/storedtarget/{row.pk}/change/",
        form(endpoints=[{"path": "/orders", "headers": {"Authorization": {"secret": True}}, "description": "new"}]),
    )

    (endpoint,) = store.list_stored()[0].endpoints
    assert (added.status_code, changed.status_code, row.changed_by) == (302, 302, "ada")
    assert "hush" not in page
    assert '"Authorization": {"secret": true}' in html.unescape(page)
    assert (endpoint.description, store.secret_headers("orders", endpoint)) == (
        "new", {"Authorization": "Bearer hush-hush-1"},
    )  # fmt: skip
    assert client.get("/admin/benchmarks/storedtarget/").status_code == 200


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "fastify"}, "fastify is a shipped framework."),
        ({"url": "ftp://x"}, "a URL begins with http:// or https://"),
        ({"endpoints": "[{"}, "Enter a valid JSON."),
        ({"endpoints": {"path": "/"}}, "Expected a list of items"),
        ({"endpoints": [{"path": "no"}]}, "Must begin with /"),
        ({"url": ""}, '"pm2", a name under PM2, or "url", or both'),
    ],
)
def test_what_the_api_refuses_the_form_refuses(client: Client, fields: dict[str, object], sentence: str) -> None:
    page = client.post(ADD, form(**fields))

    assert page.status_code == 200
    assert sentence in html.unescape(page.content.decode())
    assert not StoredTarget.objects.exists()


def test_a_name_is_given_once(client: Client) -> None:
    client.post(ADD, form())
    page = client.post(ADD, form())

    assert (page.status_code, StoredTarget.objects.count()) == (200, 1)
    assert "The target orders exists." in html.unescape(page.content.decode())
