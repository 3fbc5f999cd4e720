"""Creates an admin user."""

from __future__ import annotations

import getpass
import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from pm2site.access.users import validate_username
from pm2site.audit.trail import record_command
from system.lib import installation
from system.lib.commands import CommandLine


class Command(CommandLine):
    help = "Create an admin user. Prompts for a password; if left empty, one is generated and shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="admin", help="user name (admin)")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        validate_username(name)
        users = get_user_model().objects
        if users.filter(username=name).exists():
            raise CommandError(f"{name} exists. Change the password with: {installation.MANAGE} changepassword {name}")
        entered = getpass.getpass(f"Password for {name} (empty: generate one): ") if sys.stdin.isatty() else ""
        if entered:
            try:
                validate_password(entered)
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
        password = entered or secrets.token_urlsafe(15)
        users.create_superuser(username=name, password=password)
        record_command("admin.create", name, "")
        self.stdout.write(f"user {name}" if entered else f"user {name}, password {password}")
