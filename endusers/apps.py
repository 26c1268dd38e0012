from django.apps import AppConfig


class EndusersConfig(AppConfig):
    name = "endusers"

    def ready(self) -> None:
        from endusers import receivers  # noqa: F401
