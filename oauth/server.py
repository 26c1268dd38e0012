"""The OAuth server that django-oauth-toolkit runs, put together from the grant types that exist here.

There is no implicit and no password grant to switch off: they are not part of it.
"""

from typing import Any

from oauthlib.oauth2 import AuthorizationEndpoint, BearerToken, TokenEndpoint
from oauthlib.oauth2.rfc6749.grant_types import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from authsec.secrets import new_secret
from oauth import token_exchange, tokens
from oauth.bearer import new_access_token
from oauth.exchange import DEVICE_CODE, TOKEN_EXCHANGE


class CodeGrant(AuthorizationCodeGrant):
    """Authorization code with PKCE S256 only (RFC 9700 §2.1.1)."""

    _code_challenge_methods = {"S256": AuthorizationCodeGrant._code_challenge_methods["S256"]}

    def create_authorization_code(self, request: Any) -> dict[str, str]:
        """A code of 256 random bits, with the client's ``state``."""
        code = {"code": new_secret("as_ac_")}
        return code | {"state": request.state} if request.state else code


class TokenExchangeGrant(ClientCredentialsGrant):
    """RFC 8693: a confidential client, and no refresh token (§2.2.1)."""

    def __init__(self, validator: Any, **more: Any) -> None:
        super().__init__(validator, **more)
        self.register_token_modifier(lambda token: token | {"issued_token_type": token_exchange.ACCESS_TOKEN})

    def validate_token_request(self, request: Any) -> None:
        """The client and its right to this grant type; what it presents is for the gate."""
        self.validate_client_confidential(request)
        self.validate_grant_type(request)
        self.validate_scopes(request)
        for decide in self.custom_validators.post_token:
            decide(request)


class Server(AuthorizationEndpoint, TokenEndpoint):
    """All grant types around one validator, which decides in its ``decide``."""

    def __init__(self, validator: Any, **_: Any) -> None:
        decide = {"post_token": [validator.decide]}
        code = CodeGrant(validator, **decide)
        bearer = BearerToken(
            validator,
            token_generator=lambda request: new_access_token(validator.exchange, request.scopes),
            expires_in=lambda request: tokens.access_seconds(
                validator.exchange.now, validator.exchange.acting
            ),
            refresh_token_generator=lambda request: new_secret("as_rt_"),
        )
        AuthorizationEndpoint.__init__(
            self, default_response_type="code", default_token_type=bearer, response_types={"code": code}
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="",
            default_token_type=bearer,
            grant_types={
                "authorization_code": code,
                "refresh_token": RefreshTokenGrant(validator, **decide),
                "client_credentials": ClientCredentialsGrant(validator, **decide),
                TOKEN_EXCHANGE: TokenExchangeGrant(validator, **decide),
                DEVICE_CODE: DeviceCodeGrant(validator, **decide),
            },
        )
        self.request_validator = validator
