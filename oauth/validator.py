"""The seam to django-oauth-toolkit."""

from oauth2_provider.oauth2_validators import OAuth2Validator


class Validator(OAuth2Validator):
    """Our rules at the toolkit's seams."""
