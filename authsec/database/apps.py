from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    name = "authsec.database"
    label = "database"

    def ready(self) -> None:
        from authsec.database import checks  # noqa: F401
