from django.apps import AppConfig
from django.contrib.admin import apps

from pm2site import logging_setup


class SiteConfig(AppConfig):
    name = "pm2site"
    verbose_name = "pm2site"
    default = True

    def ready(self) -> None:
        # Both need the settings and the models.
        from pm2site import wiring
        from pm2site.access import openapi_scheme  # noqa: F401 - registers itself

        logging_setup.configure()
        wiring.connect_rooms()


class AdminConfig(apps.AdminConfig):
    """In place of `django.contrib.admin` in INSTALLED_APPS."""

    default = False
    default_site = "pm2site.admin_site.Site"
