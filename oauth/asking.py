"""Who waits behind the sign-in page, read from the authorize URL that it will go on to."""

from urllib.parse import urlsplit

from oauth import consent, redirects
from oauth.authorization import NoRedirect, Refused, read_request
from tenants.signin import Asking


def describe(url: str) -> Asking | None:
    """The client and the Application of an authorize URL; None when it is not one that would be shown."""
    try:
        asked = read_request(urlsplit(url).query)
        resource = asked.resource()
    except (NoRedirect, Refused):
        return None
    target = consent.find_target(resource_uri=resource, identity_id=None, client=asked.client)
    if target is None:
        return None
    return Asking(
        client=asked.client.name or asked.client.client_id,
        application=target.application_name,
        tenant=target.tenant_slug,
        returns_to=redirects.destination(asked.redirect_uri).origin,
    )
