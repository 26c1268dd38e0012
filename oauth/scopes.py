"""django-oauth-toolkit's scopes seam."""

from oauth2_provider.scopes import BaseScopes


class ApplicationScopes(BaseScopes):
    """Scopes are an Application's rows."""
