"""The environment as settings read it: what can't be read is said with the variable's name and what it may be."""

import os
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured


class Environment(environ.Env):
    """django-environ, whose own errors about a number that is none do not say which variable holds it."""

    def get_value(self, var: str, *arguments: Any, **more: Any) -> Any:
        """The variable's value. Raises ImproperlyConfigured."""
        try:
            return super().get_value(var, *arguments, **more)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} is {os.environ.get(var)!r}: {error}.") from error

    def one_of(self, var: str, *values: str) -> str:
        """One of some words, the first where it isn't set. Raises ImproperlyConfigured."""
        found: str = self.str(var, default="") or values[0]
        if found not in values:
            raise ImproperlyConfigured(f"{var} is {found!r}: one of {', '.join(values)}.")
        return found

    def mail(self, var: str) -> dict[str, Any]:
        """Django's settings for a mail server; none where it isn't set. Raises ImproperlyConfigured."""
        url: str = self.str(var, default="")
        try:
            return dict(self.email_url_config(url)) if url else {}
        except ImproperlyConfigured as error:
            known = "smtp://, smtp+tls:// or smtp+ssl://"
            raise ImproperlyConfigured(f"{var} begins with {known}, as smtp+tls://user@host:587.") from error

    def database_url(self, var: str, default: str) -> str:
        """Where a PostgreSQL is. Raises ImproperlyConfigured, without the password that stands in it."""
        found: str = self.str(var, default="") or default
        scheme, _, place = found.partition("://")
        if scheme not in ("postgresql", "postgres") or not place:
            raise ImproperlyConfigured(
                f"{var} begins with postgresql://, as postgresql://user@host:5432/name."
            )
        return found
