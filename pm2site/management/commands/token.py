"""Creates, replaces and revokes API tokens for scripts."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from rest_framework.authtoken.models import Token

from pm2site.access.users import validate_username
from pm2site.audit.trail import record_command
from pm2site.live.connections import REVOCATION_CHECK_S
from system.lib.commands import CommandLine


class Command(CommandLine):
    help = "Create a token for NAME and print it once, or revoke it with --revoke. Send it as X-API-Key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="user of the token, e.g. ci; created if it does not exist")
        parser.add_argument("--readonly", action="store_true", help="limit the token to reading and subscribing")
        parser.add_argument(
            "--revoke", action="store_true", help=f"delete the token; its sockets close within {REVOCATION_CHECK_S:g} s"
        )

    def handle(self, *args: Any, name: str, readonly: bool, revoke: bool, **options: Any) -> None:
        if revoke:
            return self._revoke(name)
        validate_username(name)
        users = get_user_model().objects
        user, is_new = users.get_or_create(username=name, defaults={"is_staff": not readonly})
        if is_new:
            user.set_unusable_password()
        elif readonly == user.is_staff and not user.has_usable_password():
            user.is_staff = not readonly
        elif readonly and user.is_staff:
            raise CommandError(f"{name} is an admin. Use another name for a read-only token.")
        user.save()
        replaced, _ = Token.objects.filter(user=user).delete()
        token = Token.objects.create(user=user)
        record_command("token.create", name, "")
        self.stdout.write(token.key)
        if replaced:
            self.stderr.write(f"The previous token of {name} is revoked.")
        self.stderr.write(f"Shown once. {name} may {'read only' if readonly else 'act'}. Revoke: token {name} --revoke")
        return None

    def _revoke(self, name: str) -> None:
        deleted, _ = Token.objects.filter(user__username=name).delete()
        if not deleted:
            raise CommandError(f"{name} has no token.")
        record_command("token.revoke", name, "")
        self.stderr.write(f"The token of {name} is revoked.")
