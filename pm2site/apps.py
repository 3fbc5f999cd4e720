from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "pm2site"
    verbose_name = "pm2site"
