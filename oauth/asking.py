"""Who waits behind the sign-in page, read from the authorize URL that it will go on to."""

from urllib.parse import urlsplit

from django.utils.text import Truncator

from oauth import consent
from oauth.authorization import NoRedirect, Refused, read_request
from oauth.clients import redirects
from oauth.parties import SHORT
from tenants.plain_text import one_line
from tenants.signin import Asking


def describe(url: str) -> Asking | None:
    """The client and, as far as it may be known before sign-in, the Application of an authorize URL.

    None when the authorize page would not go on with it. The way back is there in every other case: the sign-in
    form's answer may lead to the client at once, when consent is remembered.
    """
    try:
        asked = read_request(urlsplit(url).query)
        resource = asked.resource()
    except (NoRedirect, Refused):
        return None
    target = consent.find_target(resource_uri=resource, identity_id=None, client=asked.client)
    return Asking(
        client=Truncator(one_line(asked.client.name)).chars(SHORT) or asked.client.client_id,
        application=target.application_name if target else "",
        tenant=target.tenant_name if target else "",
        returns_to=redirects.destination(asked.redirect_uri).origin,
        login_hint=asked.parameters.get("login_hint", "")[:254],
        back=asked.refusal("access_denied", "The person did not go on."),
        another=asked.url_for_another(),
    )
