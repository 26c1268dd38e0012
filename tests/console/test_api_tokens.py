"""Which token, which tenant, which answer: the table of the management API's door."""

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from authz import service_accounts
from oauth import keys
from tenants import operations as tenants
from tenants.identities import enrol_authenticator
from tenants.models import Identity, Tenant
from tests import cast
from tests.console.api import BOTH, Api, account_client, problem, token_of

pytestmark = pytest.mark.django_db
READ_ONLY = ("api:read",)


@pytest.fixture
def world() -> SimpleNamespace:
    """acme-corp with Olga, Alice and a service account that administers it; alex-tools, which they know nothing of."""
    acme, tools = cast.open_tenant(), cast.open_tenant("alex-tools", "alex@tools.example")
    bot = cast.service_account(acme, "release-bot")
    cast.bind(acme, cast.system_role(acme, "tenant-admin"), bot)
    alice = cast.member(acme, "alice@acme.example")
    return SimpleNamespace(acme=acme, tools=tools, bot=bot, alice=alice, olga=cast.owner_of(acme))


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, object]:
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def header_of(token: str) -> dict[str, object]:
    first = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))


def hs256(token: str) -> str:
    """Signed with our public key as if it were a secret."""
    public = json.dumps(keys.jwks()["keys"][0])
    return jwt.encode({**header_of(token), "alg": "HS256"}, claims_of(token), OctKey.import_key(public))


TOKENS: dict[str, tuple[Callable[[str], str], tuple[int, str]]] = {
    "empty": (lambda token: "", (401, "invalid-token")),
    "no JWT": (lambda token: "as_at_something", (401, "invalid-token")),
    "cut short": (lambda token: token[:-5], (401, "invalid-token")),
    "two tokens": (lambda token: f"{token} {token}", (401, "invalid-token")),
    "alg none": (
        lambda token: f"{part({**header_of(token), 'alg': 'none'})}.{token.split('.')[1]}.",
        (401, "invalid-token"),
    ),
    "HS256": (hs256, (401, "invalid-token")),
    "another key": (
        lambda token: jwt.encode(header_of(token), claims_of(token), ECKey.generate_key("P-256")),
        (401, "invalid-token"),
    ),
    "another payload": (
        lambda token: ".".join(
            [token.split(".")[0], part(claims_of(token) | {"sub": str(uuid4())}), token.split(".")[2]]
        ),
        (401, "invalid-token"),
    ),
    "for an Application": (
        lambda token: keys.sign(claims_of(token) | {"aud": "http://localhost:9101/mcp"}),
        (401, "invalid-token"),
    ),
    "of another issuer": (
        lambda token: keys.sign(claims_of(token) | {"iss": "https://elsewhere.example"}),
        (401, "invalid-token"),
    ),
    "an id_token": (lambda token: keys.sign(claims_of(token), typ="JWT"), (401, "invalid-token")),
    "without subject": (
        lambda token: keys.sign({k: v for k, v in claims_of(token).items() if k != "sub"}),
        (401, "invalid-token"),
    ),
    "without scope": (
        lambda token: keys.sign(claims_of(token) | {"scope": ""}),
        (403, "insufficient-scope"),
    ),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_that_is_not_right_opens_nothing(name: str, world: SimpleNamespace) -> None:
    forge, expected = TOKENS[name]
    answer = Api(forge(token_of(world.bot)), world.acme).get("/uflow/v2/groups")
    assert problem(answer) == expected
    assert answer["WWW-Authenticate"].startswith(f'Bearer realm="{settings.API_RESOURCE}"')
    assert ("error=" in answer["WWW-Authenticate"]) == (expected[1] != "unauthenticated")


def test_an_expired_token_opens_nothing(world: SimpleNamespace) -> None:
    old = token_of(world.bot, now=timezone.now() - timedelta(hours=1))
    answer = Api(old, world.acme).get("/uflow/v2/groups")
    assert problem(answer) == (401, "invalid-token")
    assert "expired" in answer.json()["detail"]


@pytest.mark.parametrize("authorization", [None, "", "Basic YTpi", "bearer", "Token abc"])
def test_without_a_bearer_token_it_asks_for_one(authorization: str | None, world: SimpleNamespace) -> None:
    answer = Api(None, world.acme).get("/uflow/v2/groups", Authorization=authorization)
    status, kind = problem(answer)
    assert (status, kind) in {(401, "unauthenticated"), (401, "invalid-token")}
    assert answer["WWW-Authenticate"].startswith("Bearer ")


def test_every_challenge_says_where_a_token_can_be_had_and_with_which_scope(world: SimpleNamespace) -> None:
    """RFC 9728 §5.1 and RFC 6750 §3: a client that knows nothing but the API's address finds its way from here."""
    nobody, reader = Api(None, world.acme), Api(token_of(world.bot, READ_ONLY), world.acme)
    metadata = f"{settings.ISSUER}/.well-known/oauth-protected-resource/api"
    for refused, scope, error in (
        (nobody.get("/uflow/v2/groups"), "api:read", None),
        (nobody.post("/uflow/v2/groups", {"name": "x"}), "api:write", None),
        (Api("forged", world.acme).get("/uflow/v2/groups"), "api:read", "invalid_token"),
        (reader.post("/uflow/v2/groups", {"name": "x"}), "api:write", "insufficient_scope"),
    ):
        said = dict(re.findall(r'(\w+)="([^"]*)"', refused["WWW-Authenticate"]))
        assert (said["resource_metadata"], said["scope"], said.get("error")) == (metadata, scope, error)
    path = metadata.removeprefix(settings.ISSUER)
    assert scope in nobody.get(path).json()["scopes_supported"]


def test_a_session_cookie_alone_opens_nothing(world: SimpleNamespace) -> None:
    browser = cast.signed_in(world.olga)
    for path in ("/api/me", "/uflow/v2/groups"):
        answer = browser.get(path, headers={"X-Tenant-ID": str(world.acme.pk)})
        assert problem(answer) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (400, "tenant-required")),
        ("", (400, "tenant-malformed")),
        ("acme-corp", (400, "tenant-malformed")),
        ("{tenant},{tenant}", (400, "tenant-malformed")),
        ("{hex}", (400, "tenant-malformed")),
        ("{tools}", (403, "tenant-not-in-token")),
        ("00000000-0000-7000-8000-000000000000", (403, "tenant-not-in-token")),
    ],
)
def test_the_header_selects_a_tenant_that_the_token_holds(
    header: str | None, expected: tuple[int, str], world: SimpleNamespace
) -> None:
    value = header and header.format(tenant=world.acme.pk, hex=world.acme.pk.hex, tools=world.tools.pk)
    api = Api(token_of(world.bot))
    assert problem(api.get("/uflow/v2/groups", X_Tenant_ID=value)) == expected
    assert problem(api.post("/uflow/v2/groups", {"name": "x"}, X_Tenant_ID=value)) == expected


def test_a_tenant_that_exists_and_one_that_does_not_get_the_same_answer(world: SimpleNamespace) -> None:
    api, nowhere = Api(token_of(world.bot)), uuid4()

    def answers(tenant: object) -> list[str]:
        paths = [f"/uflow/v2/tenants/{tenant}/end-users", "/uflow/v2/groups"]
        got = [api.get(path, X_Tenant_ID=str(tenant)) for path in paths]
        return [
            json.dumps({**a.json(), "request_id": ""}).replace(str(tenant), "") + str(a.status_code)
            for a in got
        ]

    assert answers(world.tools.pk) == answers(nowhere)


def test_a_tenant_in_the_path_must_be_the_selected_one(world: SimpleNamespace) -> None:
    cast.member(world.tools, "olga@acme.example", "admin")
    path = "/uflow/v2/tenants/{}/end-users"
    api = Api(token_of(world.olga))
    assert api.get(path.format(world.acme.pk)).status_code == 200
    assert api.get(path.format(world.tools.pk)).status_code == 200
    assert api.get(path.format(world.tools.pk), X_Tenant_ID=str(world.tools.pk)).status_code == 200
    held_but_not_selected = api.get(path.format(world.tools.pk), X_Tenant_ID=str(world.acme.pk))
    assert problem(held_but_not_selected) == (404, "not-found")
    not_held = api.get(path.format(uuid4()), X_Tenant_ID=str(world.acme.pk))
    assert problem(not_held) == (403, "tenant-not-in-token")
    assert problem(api.get(path.format("acme-corp"))) == (404, "not-found")


def test_a_tenant_in_the_body_must_be_the_selected_one(world: SimpleNamespace) -> None:
    cast.member(world.tools, "olga@acme.example", "admin")
    api = Api(token_of(world.olga), world.acme)

    def post(tenant: object) -> object:
        return api.post("/uflow/v2/groups", {"name": f"group {uuid4()}", "tenant_id": tenant})

    assert post(str(world.acme.pk)).status_code == 201
    assert problem(post(str(world.tools.pk))) == (404, "not-found")
    assert problem(post(str(uuid4()))) == (403, "tenant-not-in-token")
    for malformed in ("acme-corp", 7, None, [], {}):
        assert problem(post(malformed)) == (400, "tenant-malformed")


def test_reading_alone_may_not_write(world: SimpleNamespace) -> None:
    api = Api(token_of(world.bot, READ_ONLY), world.acme)
    assert api.get("/uflow/v2/groups").status_code == 200
    answer = api.post("/uflow/v2/groups", {"name": "x"})
    assert problem(answer) == (403, "insufficient-scope")
    assert 'scope="api:write"' in answer["WWW-Authenticate"]


def test_what_no_role_gives_is_refused_with_the_reason(world: SimpleNamespace) -> None:
    alice = Api(token_of(world.alice), world.acme)
    assert alice.get("/uflow/v2/groups").status_code == 200
    answer = alice.post("/uflow/v2/groups", {"name": "x"})
    assert problem(answer) == (403, "forbidden")
    assert "groups:manage" in answer.json()["detail"]


def test_a_suspended_member_hears_of_their_own_status_and_nothing_else(world: SimpleNamespace) -> None:
    token = token_of(world.alice)
    who = {"tenant_id": world.acme.pk, "user_id": world.alice.pk, "actor": SYSTEM, "now": timezone.now()}
    with tenant_context(world.acme.pk):
        tenants.suspend_member(reason="lost laptop", **who)
    answer = Api(token, world.acme).get("/uflow/v2/groups")
    assert problem(answer) == (403, "membership-suspended")
    with tenant_context(world.acme.pk):
        tenants.reactivate_member(**who)
    assert Api(token, world.acme).get("/uflow/v2/groups").status_code == 200
    with tenant_context(world.acme.pk):
        tenants.remove_member(**who)
    assert problem(Api(token, world.acme).get("/uflow/v2/groups")) == (403, "membership-left")


def test_a_member_without_the_required_second_factor_is_refused_after_the_grace(
    world: SimpleNamespace,
) -> None:
    who = {"tenant_id": world.acme.pk, "actor": SYSTEM, "now": timezone.now()}
    with tenant_context(world.acme.pk):
        tenants.require_second_factor(grace_days=1, **who)
    during = token_of(world.alice)
    assert Api(during, world.acme).get("/uflow/v2/groups").status_code == 200
    assert claims_of(during)["tenants"][str(world.acme.pk)]["roles"] == ["member"]
    with tenant_context(world.acme.pk):
        tenants.require_second_factor(grace_days=0, **who)
    after = token_of(world.alice)
    assert claims_of(after)["tenants"][str(world.acme.pk)]["roles"] == []
    for token in (during, after):
        answer = Api(token, world.acme).get("/uflow/v2/groups")
        assert problem(answer) == (403, "second-factor-required")
        assert Api(token).get("/api/me").status_code == 200
    identity = Identity.objects.get(pk=claims_of(after)["sub"])
    enrol_authenticator(identity=identity, secret="JBSWY3DPEHPK3PXP")
    assert Api(after, world.acme).get("/uflow/v2/groups").status_code == 200


def test_a_demoted_admin_loses_power_at_once_with_the_same_token(world: SimpleNamespace) -> None:
    adam = cast.member(world.acme, "adam@acme.example", "admin")
    api = Api(token_of(adam), world.acme)
    assert api.post("/uflow/v2/groups", {"name": "first"}).status_code == 201
    with tenant_context(world.acme.pk):
        tenants.change_member_type(
            tenant_id=world.acme.pk, user_id=adam.pk, type="member", actor=SYSTEM, now=timezone.now()
        )
    assert problem(api.post("/uflow/v2/groups", {"name": "second"})) == (403, "forbidden")


def test_an_ended_service_account_and_a_disabled_client_are_refused(world: SimpleNamespace) -> None:
    api = Api(token_of(world.bot), world.acme)
    client = account_client(world.bot)
    with system_context():
        client.disabled_at = timezone.now()
        client.save()
    assert problem(api.get("/uflow/v2/groups")) == (403, "service-account-ended")
    with system_context():
        client.disabled_at = None
        client.save()
    assert api.get("/uflow/v2/groups").status_code == 200
    service_accounts.end(
        tenant_id=world.acme.pk, service_account_id=world.bot.pk, actor=SYSTEM, now=timezone.now()
    )
    assert problem(api.get("/uflow/v2/groups")) == (403, "service-account-ended")


def test_a_closed_tenant_is_closed_for_its_owner_too(world: SimpleNamespace) -> None:
    api = Api(token_of(world.olga), world.acme)
    with system_context():
        Tenant.objects.filter(pk=world.acme.pk).update(status=Tenant.Status.CLOSED)
    assert problem(api.get("/uflow/v2/groups")) == (403, "tenant-closed")


def test_the_claim_says_who_somebody_is_where(world: SimpleNamespace) -> None:
    cast.member(world.acme, "alex@tools.example", "contractor")
    claims = claims_of(token_of(cast.person("alex@tools.example")))
    acme, tools = str(world.acme.pk), str(world.tools.pk)
    assert set(claims["tenants"]) == {acme, tools}
    assert claims["tenants"][tools]["roles"] == ["tenant-owner"]
    assert claims["tenants"][tools]["slug"] == "alex-tools"
    assert claims["tenants"][acme]["type"] == "contractor"
    assert claims["tenants"][acme]["roles"] == ["contractor"]
    assert claims["aud"] == settings.API_RESOURCE
    assert claims["scope"] == " ".join(BOTH)
    assert claims["exp"] - claims["iat"] == settings.ACCESS_TOKEN_SECONDS


def test_the_claim_of_a_service_account_holds_its_one_tenant(world: SimpleNamespace) -> None:
    claims = claims_of(token_of(world.bot))
    assert claims["sub"] == str(world.bot.pk)
    assert claims["tenants"] == {
        str(world.acme.pk): {
            "slug": "acme-corp",
            "user": None,
            "type": "service_account",
            "roles": ["tenant-admin"],
        }
    }


def test_the_claim_holds_unconditional_tenant_wide_roles_only(world: SimpleNamespace) -> None:
    role = cast.role(world.acme, "Deploy Operator", console=["audit:read"])
    lookalike = cast.role(world.acme, "Tenant-Owner", console=["audit:read"])
    app = cast.application(world.acme, "deploy-mcp", ["deploy"])
    for conditions in ({"requires_mfa": True}, {"ip_ranges": ["10.0.0.0/8"]}, {"application": app}):
        cast.bind(world.acme, role, world.alice, **conditions)
    soon = timezone.now() + timedelta(minutes=1)
    cast.bind(world.acme, role, world.alice, expires_at=soon)
    cast.bind(world.acme, lookalike, world.alice)
    roles = claims_of(token_of(world.alice))["tenants"][str(world.acme.pk)]["roles"]
    assert roles == ["member", "own-tenant-owner"]


def test_beyond_a_hundred_tenants_the_database_decides(
    world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oauth.api_token.LISTED_TENANTS", 1)
    cast.member(world.tools, "olga@acme.example", "admin")
    token = token_of(world.olga)
    claims = claims_of(token)
    assert claims["tenants_truncated"] is True
    assert list(claims["tenants"]) == [str(world.acme.pk)]
    assert Api(token, world.tools).get("/uflow/v2/groups").status_code == 200
    nowhere = Api(token).get("/uflow/v2/groups", X_Tenant_ID=str(uuid4()))
    assert problem(nowhere) == (403, "tenant-not-in-token")
