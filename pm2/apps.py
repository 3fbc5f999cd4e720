from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

from pm2.errors import InvalidRegistry
from pm2.frameworks import registry


class PM2Config(AppConfig):
    name = "pm2"
    verbose_name = "PM2"

    def ready(self) -> None:
        try:
            registry.registry()
        except InvalidRegistry as error:  # fail at startup instead of at the first request
            raise ImproperlyConfigured(str(error)) from error
