from django.apps import AppConfig
from django.conf import settings

from system.host import binaries


class SystemConfig(AppConfig):
    name = "system"

    def ready(self) -> None:
        binaries.configured = configured_program


def configured_program(name: str) -> str:
    """The program that the settings name for `name`; empty if none."""
    return str(settings.REDIS_SERVER or "") if name == "redis-server" else ""
