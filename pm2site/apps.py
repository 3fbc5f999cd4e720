from django.apps import AppConfig

from pm2site import logs


class SiteConfig(AppConfig):
    name = "pm2site"
    verbose_name = "pm2site"

    def ready(self) -> None:
        logs.configure()
