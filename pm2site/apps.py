from django.apps import AppConfig

from pm2site import logs


class SiteConfig(AppConfig):
    name = "pm2site"
    verbose_name = "pm2site"

    def ready(self) -> None:
        from pm2site import schema  # noqa: F401 - registers itself, and needs the settings

        logs.configure()
