"""Django's development server, on the address that `serve` uses."""

from __future__ import annotations

from daphne.management.commands.runserver import Command as DaphneCommand
from django.conf import settings


class Command(DaphneCommand):  # type: ignore[misc]
    default_addr = settings.API_HOST
    default_port = str(settings.API_PORT)
