from django.apps import AppConfig
from django.conf import settings

from system.host import binaries


class SystemConfig(AppConfig):
    name = "system"

    def ready(self) -> None:
        binaries.chosen = chosen


def chosen(name: str) -> str:
    """The program that a setting names in the place of `name`; empty when none does."""
    return str(settings.REDIS_SERVER or "") if name == "redis-server" else ""
