from __future__ import annotations

import getpass
import re
from io import StringIO

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command
from rest_framework.authtoken.models import Token

from pm2site.models import Activity

pytestmark = pytest.mark.django_db


def output(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def test_a_token_is_created_replaced_and_revoked() -> None:
    first, second = output("token", "ci"), output("token", "ci")

    assert re.fullmatch("[0-9a-f]{40}", first)
    assert list(Token.objects.values_list("key", "user__username", "user__is_staff")) == [(second, "ci", True)]
    output("token", "ci", "--revoke")
    assert not Token.objects.exists()
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


def test_an_admin_cannot_have_a_read_only_token() -> None:
    output("token", "eve", "--readonly")
    assert get_user_model().objects.get(username="eve").is_staff is False

    output("admin", "boss")
    with pytest.raises(CommandError, match="boss is an admin"):
        output("token", "boss", "--readonly")


def test_the_first_admin_gets_a_password_that_works() -> None:
    match = re.fullmatch(r"user admin, password (\S{20})", output("admin"))
    assert match
    user = authenticate(username="admin", password=match[1])
    assert user
    assert (user.is_staff, user.is_superuser) == (True, True)
    with pytest.raises(CommandError, match="admin exists"):
        output("admin")
