from django.apps import AppConfig


class SystemConfig(AppConfig):
    name = "system"

    def ready(self) -> None:
        from system.database import odd_values

        odd_values.read_odd_values()
