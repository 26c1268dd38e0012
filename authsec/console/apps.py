from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "authsec.console"

    def ready(self) -> None:
        from authsec.console import checks  # noqa: F401 - registers them
