from django.apps import AppConfig


class OAuthConfig(AppConfig):
    name = "oauth"

    def ready(self) -> None:
        from oauth import receivers  # noqa: F401 - connects them, and registers their jobs
        from oauth.asking import describe
        from oauth.usage import jobs as usage_jobs  # noqa: F401 - connects them, and registers their jobs
        from tenants import signin

        if hasattr(signin, "register_describer"):
            signin.register_describer(describe)
