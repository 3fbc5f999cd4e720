from django.apps import AppConfig

from pm2site import logging_setup


class SiteConfig(AppConfig):
    name = "pm2site"
    verbose_name = "pm2site"

    def ready(self) -> None:
        from pm2site.access import openapi_scheme  # noqa: F401 - registers itself; needs the settings

        logging_setup.configure()
