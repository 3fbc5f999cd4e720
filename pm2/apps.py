from django.apps import AppConfig


class PM2Config(AppConfig):
    name = "pm2"
    verbose_name = "PM2"
