"""Creates, replaces, lists and revokes tokens for scripts."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from pm2site.access import tokens
from pm2site.access.users import validate_username
from pm2site.audit.trail import record_command
from pm2site.live.connections import REVOCATION_CHECK_S
from pm2site.models import AccessToken, Role
from system.lib.commands import CommandLine
from system.lib.wire import iso_time


class Command(CommandLine):
    help = "Create a token for NAME and print it once, or revoke it with --revoke; without NAME list all tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help="who uses the token, e.g. ci; replaces its earlier one")
        parser.add_argument("--readonly", action="store_true", help="limit the token to reading and subscribing")
        parser.add_argument("--days", type=int, help="days until the token expires; default: never")
        parser.add_argument(
            "--revoke", action="store_true", help=f"delete the token; its sockets close within {REVOCATION_CHECK_S:g} s"
        )

    def handle(self, *args: Any, name: str | None, readonly: bool, days: int | None, revoke: bool, **_: Any) -> None:
        if name is None:
            if revoke or readonly or days is not None:
                raise CommandError("NAME is missing.")
            self._list()
        elif revoke:
            self._revoke(name)
        else:
            self._create(name, readonly, days)

    def _create(self, name: str, readonly: bool, days: int | None) -> None:
        validate_username(name)
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError(f"--days {days} is not between 1 and 36500.")
        is_replaced = AccessToken.objects.filter(name=name).exists()
        expires_at = timezone.now() + timedelta(days=days) if days else None
        secret = tokens.create(name, may_act=not readonly, expires_at=expires_at)
        record_command("token.create", name, "")
        self.stdout.write(secret)
        if is_replaced:
            self.stderr.write(f"The previous token of {name} is revoked.")
        self.stderr.write(f"Shown once. {name} may {'read only' if readonly else 'act'}. Revoke: token {name} --revoke")

    def _revoke(self, name: str) -> None:
        deleted, _ = AccessToken.objects.filter(name=name).delete()
        if not deleted:
            raise CommandError(f"{name} has no token.")
        record_command("token.revoke", name, "")
        self.stderr.write(f"The token of {name} is revoked.")

    def _list(self) -> None:
        for token in AccessToken.objects.all():
            used = iso_time(token.last_used) if token.last_used else "never used"
            end = f"expires {iso_time(token.expires_at)}" if token.expires_at else "never expires"
            role = "act" if token.role == Role.ACT else "read"
            self.stdout.write(f"{token.name}  {token.prefix}…  {role}  {used}  {end}")
