from django.apps import AppConfig


class AuthzConfig(AppConfig):
    name = "authz"

    def ready(self) -> None:
        """Listen to what happens on the floors below."""
        from authz import checks, job_power, jobs, offers, receivers  # noqa: F401
