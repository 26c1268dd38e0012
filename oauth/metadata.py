"""What the server says about itself: only what works."""

from typing import Any

from django.conf import settings

from oauth.clients.keys import ALGORITHMS
from oauth.clients.registration import AUTH_METHODS, ID_TOKEN_ALGORITHMS
from oauth.exchange import DEVICE_CODE, TOKEN_EXCHANGE
from oauth.id_token import CLAIMS
from oauth.issuance import IDENTITY_SCOPES
from tenants.signin import ACR_MFA, ACR_PASSWORD


def authorization_server() -> dict[str, Any]:
    """RFC 8414 metadata. ``issuer`` is the bare origin, byte for byte what clients compare (§3.3)."""
    issuer = settings.ISSUER
    methods, algorithms = list(AUTH_METHODS), list(ALGORITHMS)
    document: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            TOKEN_EXCHANGE,
            DEVICE_CODE,
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
        "authorization_response_iss_parameter_supported": True,
        "resource_indicators_supported": True,
        "service_documentation": f"{issuer}/api/docs/",
    }
    if settings.CLIENT_DOCUMENTS:
        document["client_id_metadata_document_supported"] = True
    if settings.CLIENT_REGISTRATION:
        document["registration_endpoint"] = f"{issuer}/oauth/register"
    return document


def openid_provider() -> dict[str, Any]:
    """OpenID Provider metadata (OpenID Connect Discovery §3): the same server, and how it says who signed in.

    ``scopes_supported`` stands here alone: MCP clients that find it in the RFC 8414 document ask people for all of it.
    """
    return authorization_server() | {
        "userinfo_endpoint": f"{settings.ISSUER}/oauth/userinfo",
        "scopes_supported": list(IDENTITY_SCOPES),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ID_TOKEN_ALGORITHMS),
        "acr_values_supported": [ACR_PASSWORD, ACR_MFA],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "end_session_endpoint": f"{settings.ISSUER}/oauth/logout",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "claim_types_supported": ["normal"],
        "claims_supported": list(CLAIMS),
        # Discovery §3: left out, the last of these would mean true.
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def protected_resource(resource: str, name: str, scopes: list[str]) -> dict[str, Any]:
    """RFC 9728 metadata: what a resource should publish about itself to lead clients here."""
    return {
        "resource": resource,
        "authorization_servers": [settings.ISSUER],
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
        "resource_name": name,
    }
