from django.apps import AppConfig


class OAuthConfig(AppConfig):
    name = "oauth"

    def ready(self) -> None:
        from oauth import receivers  # noqa: F401 - connects them
        from oauth.asking import describe
        from tenants import signin

        if hasattr(signin, "register_describer"):
            signin.register_describer(describe)
