"""The log-in's and the admin's look: files, links, and the policy of what they may load."""

from __future__ import annotations

import pytest
from django.test import Client

from pm2site.web import assets

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


@pytest.mark.django_db
def test_the_log_in_has_the_pages_styles_and_its_strict_policy() -> None:
    response = Client().get("/login?next=/activity%3Factor%3Dada")

    text = response.content.decode()
    assert response.headers["Content-Security-Policy"] == STRICT
    assert assets.current().url("colours.css") in text
    assert assets.current().url("page.css") in text
    assert '<input type="hidden" name="next" value="/activity?actor=ada">' in text
    assert "<style" not in text
    assert " style=" not in text


@pytest.mark.django_db
def test_the_admin_links_to_the_views_in_the_pages_colours(admin_client: Client) -> None:
    response = admin_client.get("/admin/")

    text = response.content.decode()
    assert "style-src 'self' 'unsafe-inline'" in response.headers["Content-Security-Policy"]
    assert assets.current().url("admin.css") in text
    for path in ("/", "/processes", "/logs", "/redis", "/benchmarks", "/activity", "/access"):
        assert f'<a href="{path}"' in text
