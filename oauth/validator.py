"""The seam to django-oauth-toolkit: its server asks, the exchange and the issuance gate answer.

The toolkit's own look-ups are replaced where they read a tenant's rows by a bare value, send a statement a question,
or know nothing of standing. What it calls ``application`` is our client; the word is touched only here.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError, UnauthorizedClientError

from authsec.secrets import digest
from oauth import bearer, device, families, gate, id_token
from oauth.clients import redirects
from oauth.exchange import TOKEN_EXCHANGE, Exchange
from oauth.issuance import OPENID_SCOPES
from oauth.models import Grant, RefreshToken


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
        """What :func:`oauth.client_authentication.authenticate` found."""
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
        if grant_type == TOKEN_EXCHANGE:  # nothing to register for: each person's yes is asked for
            return client.service_account_id is not None
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

        At the token endpoint scopes are decided by ``oauth.gate``.
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
            sid=approval.sid,
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
        gate.read_standing(self.exchange, grant, request)
        if grant.consumed_at is not None:
            self._end_replayed(grant, client, "code")
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

    # --- devices --------------------------------------------------------------------------------------

    def validate_device_code(
        self, client_id: str, device_code: str, request: Any, *args: Any, **kwargs: Any
    ) -> str | None:
        """What a poll is answered (RFC 8628 §3.5); None for a code that is unknown, another client's, or used up."""
        row = self.exchange.device
        if row is None or row.application_id != request.client.pk or row.consumed_at is not None:
            return None
        status = device.poll(row, now=self.exchange.now)
        if status == "authorized":
            gate.read_standing(self.exchange, row, request)
            request.scopes = row.scope.split()
        return status

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
        gate.read_standing(self.exchange, refresh, request)
        if refresh.revoked is not None:
            self._end_replayed(refresh, client, "refresh token")
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

    def _end_replayed(self, row: Grant | RefreshToken, client: Any, what: str) -> None:
        families.end_replayed(row, client=client, what=what, ip=self.exchange.ip, now=self.exchange.now)

    # --- the gate -------------------------------------------------------------------------------------

    def decide(self, request: Any) -> None:
        """Called by each grant type when all else is right."""
        gate.decide(self.exchange, request)

    # --- tokens -----------------------------------------------------------------------------------

    def save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        """Write what the response gives, and add who signed in where that was asked for."""
        bearer.write(self.exchange, token, rotates=self.rotate_refresh_token(request))
        if self.exchange.openid and not self.exchange.for_api:
            token["id_token"] = id_token.new(self.exchange, token["access_token"])
            if gate.is_web_app(self.exchange):
                token["scope"] = " ".join([*self.exchange.openid, *token["scope"].split()])
