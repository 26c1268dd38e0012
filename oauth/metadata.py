"""What the server says about itself: only what works."""

from typing import Any

from django.conf import settings


def authorization_server() -> dict[str, Any]:
    """RFC 8414 metadata. ``issuer`` is the bare origin, byte for byte what clients compare (§3.3)."""
    issuer = settings.ISSUER
    methods = ["none", "client_secret_basic", "client_secret_post"]
    document: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
        "authorization_response_iss_parameter_supported": True,
        "resource_indicators_supported": True,
        "service_documentation": f"{issuer}/api/docs/",
    }
    if settings.CLIENT_REGISTRATION:
        document["registration_endpoint"] = f"{issuer}/oauth/register"
    return document


def protected_resource(resource: str, name: str, scopes: list[str]) -> dict[str, Any]:
    """RFC 9728 metadata: what a resource should publish about itself to lead clients here."""
    return {
        "resource": resource,
        "authorization_servers": [settings.ISSUER],
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
        "resource_name": name,
    }
