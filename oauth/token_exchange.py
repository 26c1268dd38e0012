"""Token exchange (RFC 8693): a workload gets a narrower token of a person's own, with that person's consent.

The workload is a service account. It authenticates as itself and presents the person's token (§2.1); what it gets is
for the same Application, at most what that token holds, what the person allowed this workload, and what the gate
gives now. Introspection names it in ``act`` (§4.1). It ends with the token that it was made from.
"""

from typing import Any

from django.conf import settings
from django.db import connection
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from authz.resource_uri import canonical
from oauth import tokens
from oauth.consent import consented_scopes
from oauth.exchange import Exchange
from oauth.issuance import Subject, Terms, grantable_scopes, read_terms
from oauth.models import AccessToken, Client

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  # §3
MAX_ACTORS = 3  # one behind the other; each was allowed by the person


def decide(exchange: Exchange) -> tuple[str, ...]:
    """The scopes that the workload gets now; empty when none remains. Sets the exchange's terms and acting.

    Raises an error for the client: invalid_request for whatever is wrong with the presented token (§2.2.2),
    invalid_target for another resource (RFC 8707 §2.2), unauthorized_client for who is no service account's client.
    """
    client = exchange.client
    if client is None or client.service_account_id is None:
        raise CustomOAuth2Error("unauthorized_client", "Token exchange is for service accounts.")
    _check_form(exchange.parameters)
    subject = _presented(exchange, client)
    theirs = _terms(exchange, subject, subject.application_id)
    if theirs is None or theirs.standing or not _chain_holds(subject, exchange):
        raise CustomOAuth2Error("invalid_request", "subject_token is not active.")
    for named in ("resource", "audience"):
        wanted = canonical(exchange.parameters.get(named, ""))
        if wanted and wanted != theirs.resource_uri:
            raise CustomOAuth2Error("invalid_target", f"{named} is the one that subject_token is for.")
    terms = _terms(exchange, subject, client.pk)
    allowed = _allowed(subject, client)
    if terms is None or terms.standing or not allowed:
        raise CustomOAuth2Error("invalid_request", _not_allowed(client, theirs))
    asked = exchange.parameters.get("scope", "").split() or subject.scope.split()
    held = _kept(subject) & allowed
    exchange.terms, exchange.acting = terms, _acting(client, subject)
    narrowed = [name for name in asked if name in held]
    if not narrowed:  # the gate would take an empty wish for the Application's defaults
        return ()
    exchange.grantable = grantable_scopes(terms, requested=narrowed)
    return exchange.grantable.granted


def _check_form(parameters: dict[str, str]) -> None:
    """What §2.1 requires, and the parts of it that this server takes."""
    if "subject_token" not in parameters:
        raise CustomOAuth2Error("invalid_request", "subject_token is missing.")
    if parameters.get("subject_token_type") != ACCESS_TOKEN:
        raise CustomOAuth2Error("invalid_request", f"subject_token_type is {ACCESS_TOKEN}.")
    if parameters.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise CustomOAuth2Error("invalid_request", f"requested_token_type is {ACCESS_TOKEN}, or left out.")
    if "actor_token" in parameters or "actor_token_type" in parameters:
        raise CustomOAuth2Error(
            "invalid_request", "The client that authenticates is the actor; send no actor_token."
        )


def _presented(exchange: Exchange, client: Client) -> AccessToken:
    """The subject token, of a person of the workload's own tenant. One answer for all that is wrong with it."""
    subject = exchange.subject_token
    if (
        subject is None
        or subject.tenant_id != client.tenant_id
        or subject.subject_kind != "user"
        or subject.expires <= exchange.now
    ):
        raise CustomOAuth2Error("invalid_request", "subject_token is not active.")
    if len(actors(subject.act)) >= MAX_ACTORS:
        raise CustomOAuth2Error(
            "invalid_request", f"At most {MAX_ACTORS} workloads act one behind the other."
        )
    return subject


def _terms(exchange: Exchange, subject: AccessToken, client_id: Any) -> Terms | None:
    return read_terms(
        tenant_id=subject.tenant_id,  # type: ignore[arg-type]
        subject=Subject("user", subject.subject, subject.mfa_at, subject.auth_ip),
        client_id=client_id,
        application_id=subject.audience_id,
        at=exchange.now,
        consented=True,
    )


def _chain_holds(subject: AccessToken, exchange: Exchange) -> bool:
    """Whether what a token that was itself exchanged descends from still holds."""
    if subject.source_token_id is None:
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "select delegation_holds(t.tenant_id, t.audience_id, t.act, t.source_token_id, %s)"
            " from oauth_accesstoken t where t.tenant_id = %s and t.id = %s",
            [exchange.now, subject.tenant_id, subject.pk],
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def _kept(subject: AccessToken) -> set[str]:
    """What the presented token holds, without what the tenant keeps by now from a client that it came through."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select delegation_keeps(%s, %s, %s, %s)",
            [subject.tenant_id, subject.audience_id, subject.pk, subject.scope.split()],
        )
        return set(cursor.fetchone()[0])


def _allowed(subject: AccessToken, client: Client) -> set[str]:
    """What the person allowed this workload for this Application."""
    found = consented_scopes(
        tenant_id=subject.tenant_id,  # type: ignore[arg-type]
        user_id=subject.subject,
        client_id=client.pk,
        application_id=subject.audience_id,  # type: ignore[arg-type]
    )
    return set(found or ())


def _not_allowed(client: Client, theirs: Terms) -> str:
    """Where the person says yes; written for whoever runs the workload."""
    return (
        "The person has not allowed this workload to act for them here. They do so at"
        f" {settings.ISSUER}/account/connections/give/?client_id={client.client_id}&resource={theirs.resource_uri}"
    )


def _acting(client: Client, subject: AccessToken) -> tokens.Acting:
    act: dict[str, Any] = {"sub": str(client.service_account_id)}
    if subject.act:
        act["act"] = subject.act
    return tokens.Acting(subject.pk, act, subject.expires)


def actors(act: dict[str, Any] | None) -> list[str]:
    """The service accounts of a chain, the one that acts now first (§4.1)."""
    found = []
    while act:
        found.append(str(act["sub"]))
        act = act.get("act")
    return found
