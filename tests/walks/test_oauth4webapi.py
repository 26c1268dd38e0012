"""oauth4webapi, which checks more than most clients do: issuer, state, PKCE, nonce, signatures, times, subjects."""

import pytest

from tests.plain_client import newcomer
from tests.programs import Program, location
from tests.servers import Service

pytestmark = [pytest.mark.slow]


def test_every_check_passes_for_every_way_to_authenticate_that_is_listed(service: Service) -> None:
    """RFC 6749, 6750, 7009, 7523, 7591, 7636, 7662, 8414, 8707, 9068, 9207, 9728; OpenID Connect Core §3, §5.3, §12."""
    person, email = newcomer(service)
    application, bot = service.application("github-mcp"), service.service_account("release-bot")
    listed = service.http.get("/.well-known/openid-configuration").json()
    expected = [
        f"{method} {alg}".strip()
        for method in listed["token_endpoint_auth_methods_supported"]
        for alg in (
            listed["token_endpoint_auth_signing_alg_values_supported"]
            if method == "private_key_jwt"
            else [""]
        )
    ]
    with Program("oauth4webapi.ts") as client:
        client.ask(
            resource=service.resource_server("github-mcp").resource_uri,
            email=email,
            credential=application["credential"],
            machine={
                "client_id": bot["client_id"],
                "client_secret": bot["client_secret"],
                "resource": service.application("deploy-mcp")["resource_uri"],
                "scope": "deploy:run",
                "api": service.url("/api"),
                "call": {
                    "url": service.url("/uflow/v2/applications"),
                    "headers": {"X-Tenant-ID": service.tenant("acme-corp")["id"]},
                },
            },
        )
        told = {}
        while not {"done", "failed"} & set(told):
            what, value = client.next()
            if what == "open":
                client.ask(location(person, value))
            told[what] = value
    service.keep(*told.get("kept", []))
    assert "failed" not in told, told
    assert told["error"] == "consent_required"
    assert told["done"] == expected
