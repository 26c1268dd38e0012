"""django-oauth-toolkit's scopes seam."""

from typing import Any

from oauth2_provider.scopes import BaseScopes


class ApplicationScopes(BaseScopes):
    """Scopes are an Application's rows, decided in ``oauth.issuance``; there is no list for the installation."""

    def get_all_scopes(self) -> dict[str, str]:
        return {}

    def get_available_scopes(self, *args: Any, **kwargs: Any) -> list[str]:
        return []

    def get_default_scopes(self, *args: Any, **kwargs: Any) -> list[str]:
        return []
