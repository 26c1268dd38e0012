"""The device authorization endpoint (RFC 8628 §3.1): a device without a browser asks for a code to show."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.utils import timezone

from authsec.web.access import protocol
from oauth import consent, device, throttle
from oauth.api.authentication import authenticated_client
from oauth.api.wire import cross_origin, no_store, read_form
from oauth.authorization import Refused
from oauth.client_authentication import BadRequest
from oauth.device_request import DeviceRequest
from oauth.exchange import DEVICE_CODE
from oauth.models import Client


@protocol
@cross_origin("POST")
def device_authorization(request: Any) -> HttpResponse:
    """Begin: a code for the device and one for the person. What they may have is decided when they answer."""
    parameters, now = read_form(request), timezone.now()
    if not throttle.hit("device", request.client_ip or ""):
        raise BadRequest("temporarily_unavailable", "Too many devices ask; try again in a minute.", 429)
    client = authenticated_client(request, parameters, now=now)
    if DEVICE_CODE not in client.grant_types:
        raise BadRequest("unauthorized_client", "This client did not register for the device grant.")
    resource = _checked(client, parameters)
    started = device.start(
        client=client,
        scope=parameters.get("scope", ""),
        resource=resource,
        ip=request.client_ip,
        now=now,
    )
    page = f"{settings.ISSUER}/device/"
    answer = {
        "device_code": started.device_code,
        "user_code": started.user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={started.user_code}",
        "expires_in": int(device.LIVES.total_seconds()),
        "interval": device.INTERVAL_S,
    }
    return no_store(JsonResponse(answer))


def _checked(client: Client, parameters: dict[str, str]) -> str:
    """The resource that is asked for, in its kept spelling. Raises BadRequest for what nobody could allow."""
    asked = DeviceRequest.begun(client, parameters)
    try:
        asked.check()
        resource = asked.resource()
        if resource != settings.API_RESOURCE and not _exists(client, resource):
            raise Refused("invalid_target", "There is no such resource here.")
    except Refused as refused:
        raise BadRequest(refused.code, refused.description) from refused
    return resource


def _exists(client: Client, resource: str) -> bool:
    """Whether there is such an Application, as far as may be known of one that only its own members know."""
    found = consent.find_target(resource_uri=resource, identity_id=None, client=client)
    return found is not None or consent.may_be_known_after_sign_in(resource)
