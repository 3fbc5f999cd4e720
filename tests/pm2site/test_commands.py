from __future__ import annotations

import getpass
import hashlib
import re
from io import StringIO

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command

from pm2site.models import AccessToken, Activity
from system.lib.wire import iso_time

pytestmark = pytest.mark.django_db


def output(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def test_a_token_is_created_replaced_and_revoked() -> None:
    first, second = output("token", "ci"), output("token", "ci")

    assert re.fullmatch("[0-9a-f]{40}", first)
    digest = hashlib.sha256(second.encode()).hexdigest()
    assert list(AccessToken.objects.values_list("digest", "prefix", "name", "role")) == [
        (digest, second[:8], "ci", "act")
    ]
    output("token", "ci", "--revoke")
    assert not AccessToken.objects.exists()
    with pytest.raises(CommandError, match="ci has no token"):
        output("token", "ci", "--revoke")
    actions = list(Activity.objects.order_by("id").values_list("action", "target"))
    assert actions == [("token.create", "ci"), ("token.create", "ci"), ("token.revoke", "ci")]
    actors = set(Activity.objects.values_list("actor", flat=True))
    assert actors == {f"{getpass.getuser()} (command line)"}


@pytest.mark.parametrize("name", ["", "a b", "a\tb", "n" * 151, "\x1b[31mred"])
@pytest.mark.parametrize("command", ["token", "admin"])
def test_an_invalid_username_is_refused(command: str, name: str) -> None:
    with pytest.raises(CommandError, match="is not a valid username"):
        output(command, name)
    assert not get_user_model().objects.exists()


def test_tokens_are_listed_without_their_text() -> None:
    ci, eve = output("token", "ci"), output("token", "eve", "--readonly", "--days", "30")
    expires = AccessToken.objects.get(name="eve").expires_at
    assert expires

    assert output("token").splitlines() == [
        f"ci  {ci[:8]}…  act  never used  never expires",
        f"eve  {eve[:8]}…  read  never used  expires {iso_time(expires)}",
    ]
    with pytest.raises(CommandError, match="NAME is missing"):
        output("token", "--revoke")
    with pytest.raises(CommandError, match="--days 0 is not between 1 and 36500"):
        output("token", "ci", "--days", "0")


def test_the_first_admin_gets_a_password_that_works() -> None:
    match = re.fullmatch(r"user admin, password (\S{20})", output("admin"))
    assert match
    user = authenticate(username="admin", password=match[1])
    assert user
    assert (user.is_staff, user.is_superuser) == (True, True)
    with pytest.raises(CommandError, match="admin exists"):
        output("admin")
