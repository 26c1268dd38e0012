"""The answer that leaves for the client, in the transaction that writes the consent: a code, or a device's tokens."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from authsec.sessions import sid_of
from oauth import client_sessions, consent, device
from oauth.authorization import AuthorizationRequest
from oauth.device_request import DeviceRequest
from oauth.exchange import Approval, Exchange
from oauth.models import DeviceGrant
from oauth.parties import client_facts
from oauth.server import Server
from oauth.tokens import Holder
from oauth.validator import Validator
from oauth.views.asking import Asking
from tenants.own_events import note_own


def leave(request: Any, url: str) -> HttpResponse:
    """Redirect to the client. After a POST with 303, so that nothing posted here travels on (RFC 9700 §4.12)."""
    response = HttpResponse(status=303 if request.method == "POST" else 302)
    response["Location"] = url
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def issue_code(
    request: Any,
    asking: Asking,
    scopes: tuple[str, ...],
    openid: tuple[str, ...] = (),
    *,
    remembered: bool = False,
) -> HttpResponse:
    """Record the consent, save the code through the toolkit's server, and go back to the client.

    ``scopes``: the Application's; ``openid``: OpenID Connect's, which say who the person is. ``remembered``: they were
    not asked now; raises NoSuchConsent where the yes of then is gone.
    """
    asked = asking.asked
    if isinstance(asked, DeviceRequest):
        return allow_device(request, asked, asking, scopes, openid)
    exchange = Exchange(asked.parameters, asking.now, request.client_ip, client=asked.client)
    holder = _holder(request, asking, (*openid, *scopes), remembered=remembered)
    exchange.approval = Approval(
        holder=holder,
        scopes=scopes,
        requested=asking.kept_requested(scopes),
        resource=asking.resource,
        nonce=asked.parameters.get("nonce", ""),
        openid=openid,
        sid=_sid(request, asking, holder) if "openid" in openid else None,
    )
    known = ("response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method")
    query = urlencode({name: asked.parameters[name] for name in known if name in asked.parameters})
    headers, _, _ = Server(Validator(exchange)).create_authorization_response(
        f"/oauth/authorize?{query}", "POST", None, {}, list(scopes), {"redirect_uri": asked.redirect_uri}
    )
    answer = dict(parse_qsl(urlsplit(headers["Location"]).query))
    if "code" not in answer:
        return leave(
            request, asked.refusal(answer.get("error", "server_error"), answer.get("error_description", ""))
        )
    return leave(request, asked.answer(code=answer["code"]))


def refuse(request: Any, asked: AuthorizationRequest, description: str) -> HttpResponse:
    """Tell whoever asked that the person did not allow it (RFC 6749 §4.1.2.1, RFC 8628 §3.5)."""
    if not isinstance(asked, DeviceRequest):
        return leave(request, asked.refusal("access_denied", description))
    device.deny(_taken(asked))
    return _told(request, asked, "denied")


def allow_device(
    request: Any,
    asked: DeviceRequest,
    asking: Asking,
    scopes: tuple[str, ...],
    openid: tuple[str, ...],
) -> HttpResponse:
    """Record the consent and what the device's next poll gets, in one transaction."""
    row = _taken(asked)
    holder = _holder(request, asking, (*openid, *scopes))
    device.allow(row, holder=holder, scopes=scopes, requested=asking.kept_requested(scopes), openid=openid)
    return _told(request, asked, "allowed")


def _taken(asked: DeviceRequest) -> DeviceGrant:
    if asked.row is None:
        raise device.NotOpen
    return device.take(asked.row.pk, now=timezone.now())


def _told(request: Any, asked: DeviceRequest, answer: str) -> HttpResponse:
    response = render(request, "oauth/device_told.html", {"client": client_facts(asked), "answer": answer})
    response["Cache-Control"] = "no-store"
    return response


def _sid(request: Any, asking: Asking, holder: Holder) -> UUID | None:
    session = sid_of(request.session)
    if holder.tenant_id is None or session is None:
        return None
    return client_sessions.begin(
        tenant_id=holder.tenant_id,
        user_id=holder.subject,
        client=asking.asked.client,
        session=session,
        now=asking.now,
    )


def _holder(request: Any, asking: Asking, scopes: tuple[str, ...], *, remembered: bool = False) -> Holder:
    sign_in, identity = asking.sign_in, request.user
    if asking.target is None:
        subject, kind = identity.pk, "identity"
        note_own(
            identity.pk,
            "api.allowed",
            request=request,
            after={"client": client_facts(asking.asked).name, "scopes": " ".join(scopes)},
        )
    else:
        kind = "user"
        subject = consent.record(
            tenant_id=asking.target.tenant_id,
            identity=identity,
            client=asking.asked.client,
            grantable=asking.grantable,
            scopes=scopes,
            ip=request.client_ip,
            request_id=request.id,
            now=asking.now,
            remembered=remembered,
        )
    return Holder(
        tenant_id=asking.target.tenant_id if asking.target else None,
        audience_id=asking.target.application_id if asking.target else None,
        subject=subject,
        subject_kind=kind,
        identity_id=identity.pk,
        acr=sign_in.acr,
        amr=sign_in.amr,
        auth_time=sign_in.auth_time,
        mfa_at=sign_in.mfa_at,
        auth_ip=request.client_ip,
    )
