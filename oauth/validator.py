"""The seam to django-oauth-toolkit: its server asks, the exchange and the issuance gate answer.

The toolkit's own look-ups are replaced where they read a tenant's rows by a bare value, send a statement a question,
or know nothing of standing. What it calls ``application`` is our client; the word is touched only here.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749.errors import (
    CustomOAuth2Error,
    InvalidGrantError,
    InvalidScopeError,
    UnauthorizedClientError,
)

from authsec.secrets import digest
from oauth import bearer, id_token, redirects, tokens
from oauth.exchange import Exchange
from oauth.issuance import (
    API_SCOPES,
    OPENID_SCOPES,
    Subject,
    api_standing,
    grantable_scopes,
    identity_scopes,
    read_terms,
    resources_of_client,
)
from oauth.models import Grant, RefreshToken

# A standing that only the authorize page lets pass is none here.
REFUSED = "This access has ended or is suspended."


class Validator(OAuth2Validator):
    """Our rules for one exchange."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self.exchange = exchange

    # --- the client -----------------------------------------------------------------------------------

    def client_authentication_required(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Always: :meth:`authenticate_client` knows that a public client has nothing to prove."""
        return True

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """What :func:`oauth.exchange.authenticate` found."""
        if self.exchange.client is None or not self.exchange.authenticated:
            return False
        request.client = self.exchange.client
        request.client_id = self.exchange.client.client_id
        return True

    def validate_client_id(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        """At the authorize endpoint, where a client only names itself."""
        request.client = self.exchange.client
        return self.exchange.client is not None and self.exchange.client.client_id == client_id

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """What it registered for. A public client has no credentials to grant by (RFC 6749 §4.4)."""
        if grant_type == "client_credentials" and client.client_type != client.CLIENT_CONFIDENTIAL:
            return False
        return grant_type in client.grant_types

    def validate_response_type(
        self, client_id: str, response_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """``code`` and nothing else."""
        return response_type == "code" and "authorization_code" in client.grant_types

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Exact, or loopback with any port."""
        return redirects.matches(redirect_uri, request.client.redirect_uris.split())

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        """None here: without ``scope`` issuance takes the Application's."""
        return []

    # --- codes ----------------------------------------------------------------------------------------

    def validate_scopes(
        self, client_id: str, scopes: Any, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """At the authorize endpoint nothing passes but what consent gave in this very request.

        At the token endpoint scopes are decided in :meth:`decide`.
        """
        if request.grant_type:
            return True
        return self.exchange.approval is not None and set(scopes) <= set(self.exchange.approval.scopes)

    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Any, *args: Any, **kwargs: Any
    ) -> None:
        """Keep the code's digest with everything that its tokens will carry. No road leads here but consent."""
        approval = self.exchange.approval
        if approval is None:
            raise UnauthorizedClientError(request=request)
        holder = approval.holder
        Grant.objects.create(
            tenant_id=holder.tenant_id,
            audience_id=holder.audience_id,
            subject=holder.subject,
            subject_kind=holder.subject_kind,
            acr=holder.acr,
            amr=list(holder.amr),
            auth_time=holder.auth_time,
            mfa_at=holder.mfa_at,
            auth_ip=holder.auth_ip,
            requested=list(approval.requested),
            user_id=holder.identity_id,
            application_id=self.exchange.client.pk,  # type: ignore[union-attr]
            code=digest(code["code"]),
            expires=self.exchange.now + timedelta(seconds=settings.AUTHORIZATION_CODE_SECONDS),
            redirect_uri=request.redirect_uri,
            scope=" ".join(approval.scopes),
            code_challenge=request.code_challenge,
            code_challenge_method=request.code_challenge_method,
            nonce=approval.nonce,
            openid=list(approval.openid),
            claims="{}",
            resource=[approval.resource],
        )

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Standing first, then replay: a used code takes its tokens with it (RFC 6749 §4.1.2)."""
        grant = self.exchange.grant
        if grant is None or grant.application_id != client.pk:
            return False
        self._read(grant, request)
        if grant.consumed_at is not None:
            tokens.revoke_family(grant.token_family, now=self.exchange.now)
            return False
        request.scopes = grant.scope.split()
        return bool(grant.expires > self.exchange.now)

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        """The challenge that came with the authorization request (RFC 7636 §4.6)."""
        return (self.exchange.grant.code_challenge or None) if self.exchange.grant else None

    def get_code_challenge_method(self, code: str, request: Any) -> str | None:
        """S256, since nothing else is accepted."""
        return (self.exchange.grant.code_challenge_method or None) if self.exchange.grant else None

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        """For every client, also confidential ones (OAuth 2.1, RFC 9700 §2.1.1)."""
        return True

    def get_default_redirect_uri(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> str | None:
        """Where the request that made the code named none: the only one registered (OAuth 2.1 needs none here)."""
        return self.exchange.grant.redirect_uri if self.exchange.grant else None

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """The same as in the authorization request (RFC 6749 §4.1.3), else invalid_grant (§5.2)."""
        if self.exchange.grant is None or redirect_uri != self.exchange.grant.redirect_uri:
            raise InvalidGrantError(description="redirect_uri is not the one of the authorization request.")
        return True

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any
    ) -> None:
        """Done in the statement that wrote the tokens. The row stays: by it a replay is recognised."""

    # --- refresh --------------------------------------------------------------------------------------

    def rotate_refresh_token(self, request: Any) -> bool:
        """Public clients get a new one each time (RFC 9700 §2.2.2); confidential ones prove themselves instead."""
        return bool(request.client.client_type == request.client.CLIENT_PUBLIC)

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Standing before anything that could rotate, mark or revoke (Rule 3); then reuse, which ends the family.

        The row is locked: of two overlapping requests the second finds it rotated, and that is reuse.
        """
        refresh = self.exchange.refresh
        if refresh is None or refresh.application_id != client.pk:
            return False
        self._read(refresh, request)
        if refresh.revoked is not None:
            tokens.revoke_family(refresh.token_family, now=self.exchange.now)
            return False
        return bool(min(refresh.expires, refresh.family_expires) > self.exchange.now)

    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> str:
        """What consent gave: every refresh starts from it, so that a regained binding comes back (Rule 5)."""
        return self.exchange.refresh.scope if self.exchange.refresh else ""

    def is_within_original_scope(
        self, request_scopes: list[str], refresh_token: str, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """A client may repeat what it once asked for; it gets what consent gave of it."""
        refresh = self.exchange.refresh
        known = {*refresh.scope.split(), *refresh.requested, *OPENID_SCOPES} if refresh else set()
        return set(request_scopes) <= known

    # --- the gate -------------------------------------------------------------------------------------

    def _read(self, row: Grant | RefreshToken, request: Any) -> None:
        """Ask for standing and entitlement of a code's or refresh token's holder. Raises InvalidGrantError."""
        if row.tenant_id is None or row.application_id is None:
            return
        terms = read_terms(
            tenant_id=row.tenant_id,
            subject=Subject(row.subject_kind, row.subject, row.mfa_at, row.auth_ip),
            client_id=row.application_id,
            application_id=row.audience_id,
            at=self.exchange.now,
            consented=True,
        )
        if terms is None or terms.standing:
            raise InvalidGrantError(description=REFUSED, request=request)
        self.exchange.terms = terms

    def decide(self, request: Any) -> None:
        """Called by each grant type when all else is right: sets ``request.scopes`` to what is granted.

        Raises invalid_target (RFC 8707 §2.2), invalid_scope when nothing remains, invalid_grant without standing.
        """
        if request.grant_type == "client_credentials":
            granted = self._decide_for_account(request)
        else:
            granted = self._decide_for_person(request)
        if not granted and not self._signs_in_only():
            raise InvalidScopeError(description="None of these scopes can be granted now.", request=request)
        request.scopes = list(granted)

    def _decide_for_person(self, request: Any) -> tuple[str, ...]:
        exchange = self.exchange
        row = exchange.grant or exchange.refresh
        if row is None:
            raise InvalidGrantError(request=request)
        if exchange.resource and exchange.resource not in row.resource:
            raise CustomOAuth2Error("invalid_target", "The grant is for another resource.", request=request)
        consented = row.scope.split()
        wanted = [name for name in request.scopes if name in consented]
        if not wanted and set(request.scopes) <= OPENID_SCOPES and not self._is_web_app():
            wanted = consented  # for an MCP server or an API these alone count as no scope (Rule 5)
        if exchange.for_api:
            return tuple(wanted)
        exchange.openid = self._openid(row)
        if exchange.terms is None or not (wanted or self._signs_in_only()):
            return ()
        wanted = wanted or list(OPENID_SCOPES)  # a web app's sign-in: standing alone
        exchange.grantable = grantable_scopes(exchange.terms, requested=wanted)
        return exchange.grantable.granted

    def _is_web_app(self) -> bool:
        return self.exchange.terms is not None and self.exchange.terms.application_kind == "web_app"

    def _signs_in_only(self) -> bool:
        """A web app that asked for OpenID Connect scopes alone: standing suffices (Rule 5)."""
        row = self.exchange.grant or self.exchange.refresh
        asked = set(self.exchange.parameters.get("scope", "").split())
        alone = bool(asked) and asked <= OPENID_SCOPES and bool(self.exchange.openid)
        return row is not None and self._is_web_app() and (not row.scope or alone)

    def _openid(self, row: Grant | RefreshToken) -> tuple[str, ...]:
        """What consent gave of OpenID Connect's scopes, or the part of it that a refresh names."""
        asked = self.exchange.parameters.get("scope", "").split()
        if self.exchange.grant is None and set(asked) - {"offline_access"}:
            return identity_scopes(set(asked) & set(row.openid))
        return tuple(row.openid)

    def _decide_for_account(self, request: Any) -> tuple[str, ...]:
        exchange = self.exchange
        client = request.client
        if client.service_account_id is None or client.tenant_id is None:
            raise UnauthorizedClientError(request=request)
        asked = (request.scope or "").split()
        if exchange.for_api:
            if not api_standing(client.tenant_id, client.service_account_id):
                raise InvalidGrantError(description=REFUSED, request=request)
            return tuple(name for name in API_SCOPES if not asked or name in asked)
        terms = read_terms(
            tenant_id=client.tenant_id,
            subject=Subject("service_account", client.service_account_id, None, exchange.ip),
            client_id=client.pk,
            resource_uri=self._resource_of_account(request),
            at=exchange.now,
            consented=False,
        )
        if terms is None:
            raise CustomOAuth2Error("invalid_target", "There is no such resource.", request=request)
        exchange.terms = terms
        exchange.grantable = grantable_scopes(terms, requested=asked)
        if exchange.grantable.refusal:
            raise InvalidGrantError(description=REFUSED, request=request)
        return exchange.grantable.granted

    def _resource_of_account(self, request: Any) -> str:
        if self.exchange.resource:
            return self.exchange.resource
        limited_to = resources_of_client(request.client.pk)
        if len(limited_to) == 1:
            return limited_to[0]
        raise CustomOAuth2Error(
            "invalid_target", "Name the resource that the token is for (RFC 8707).", request=request
        )

    # --- tokens -----------------------------------------------------------------------------------

    def save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        """Write what the response gives, and add who signed in where that was asked for."""
        bearer.write(self.exchange, token, rotates=self.rotate_refresh_token(request))
        if self.exchange.openid and not self.exchange.for_api:
            token["id_token"] = id_token.new(self.exchange, token["access_token"])
            if self._is_web_app():
                token["scope"] = " ".join([*self.exchange.openid, *token["scope"].split()])
