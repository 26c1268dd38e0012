"""The door of the API, as docs/api.md prints it: which token and which tenant get which answer."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from authsec.database.embedded import CHECKOUT
from tenants import operations as tenants
from tenants.models import Membership, Tenant
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.console.test_api_tokens import TOKENS, claims_of, header_of

pytestmark = pytest.mark.django_db


def printed() -> list[tuple[str, str, int, str]]:
    """The document's table: tenant, credential, status, problem type."""
    text = (CHECKOUT / "docs/api.md").read_text()
    block = text.partition("<!-- door -->\n")[2].partition("\n<!-- end -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
    head, _, *body = rows
    return [
        (row[0], credential, int(cell.split()[0]), cell.split()[1])
        for row in body
        for credential, cell in zip(head[1:], row[1:], strict=True)
    ]


TABLE = printed()


def close(world: SimpleNamespace) -> None:
    with system_context():
        Tenant.objects.filter(pk=world.acme.pk).update(status=Tenant.Status.CLOSED)


def suspend(world: SimpleNamespace) -> None:
    with tenant_context(world.acme.pk):
        tenants.suspend_member(reason="a test", **world.alice_there)


def leave(world: SimpleNamespace) -> None:
    with tenant_context(world.acme.pk):
        tenants.remove_member(**world.alice_there)


def invite_again(world: SimpleNamespace) -> None:
    leave(world)
    with tenant_context(world.acme.pk):
        Membership.objects.filter(tenant=world.acme, user=world.alice).update(status="invited")


CREDENTIALS = {
    "session cookie alone": None,
    "own token": lambda token: token,
    "expired": None,
    "signed by another key": lambda token: jwt.encode(
        header_of(token), claims_of(token), ECKey.generate_key("P-256")
    ),
    "`alg` none": TOKENS["alg none"][0],
    "HS256": TOKENS["HS256"][0],
}
HAPPENS = {"left": leave, "suspended in it": suspend, "invited again": invite_again, "closed": close}


@pytest.fixture
def world() -> SimpleNamespace:
    """acme-corp with Alice, who may read there; alex-tools, which she knows nothing of."""
    acme, tools = cast.open_tenant(), cast.open_tenant("alex-tools", "alex@tools.example")
    alice = cast.member(acme, "alice@acme.example")
    there = {"tenant_id": acme.pk, "user_id": alice.pk, "actor": SYSTEM, "now": timezone.now()}
    return SimpleNamespace(acme=acme, tools=tools, alice=alice, alice_there=there)


def test_the_table_is_whole() -> None:
    tenants_named = {"none", "malformed", "unknown", "another's", *HAPPENS}
    assert {(tenant, credential) for tenant, credential, _, _ in TABLE} == {
        (tenant, credential) for tenant in tenants_named for credential in CREDENTIALS
    }


@pytest.mark.parametrize(
    ("tenant", "credential", "status", "kind"), TABLE, ids=[f"{row[0]}, {row[1]}" for row in TABLE]
)
def test_the_door_answers_as_printed(
    tenant: str, credential: str, status: int, kind: str, world: SimpleNamespace
) -> None:
    now = timezone.now() - timedelta(hours=1) if credential == "expired" else None
    token = token_of(world.alice, now=now)
    browser = cast.signed_in(world.alice)
    if happens := HAPPENS.get(tenant):
        happens(world)
    named = {
        "none": None,
        "malformed": "acme-corp",
        "unknown": str(uuid4()),
        "another's": str(world.tools.pk),
    }
    header = named.get(tenant, str(world.acme.pk))
    if credential == "session cookie alone":
        for path in ("/uflow/v2/groups", "/uflow/v2/roles"):
            answer = browser.get(path, headers={"X-Tenant-ID": header} if header else {})
            assert problem(answer) == (status, kind)
        return
    forge = CREDENTIALS[credential] or (lambda given: given)
    api = Api(forge(token))
    for method, path in (
        ("GET", "/uflow/v2/groups"),
        ("GET", "/uflow/v2/roles"),
        ("POST", "/uflow/v2/groups"),
    ):
        answer = api(method, path, None if method == "GET" else {"name": "x"}, X_Tenant_ID=header)
        assert problem(answer) == (status, kind)
