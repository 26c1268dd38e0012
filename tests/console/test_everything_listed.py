"""Discovery documents and OpenAPI list only what works: everything that they list is called."""

import copy
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import resolve

from authsec.console.openapi import document
from oauth import metadata
from tests import cast
from tests.console import world as worlds
from tests.console.api import Api, token_of
from tests.console.listed import MEMBERS, Exercise
from tests.console.world import World
from tests.oauth.conftest import fresh_counters, internet  # noqa: F401
from tests.oauth.world import World as Protocol
from tests.oauth.world import world as protocol_world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
DOCUMENTS = {
    "/.well-known/oauth-authorization-server": metadata.authorization_server,
    "/.well-known/openid-configuration": metadata.openid_provider,
}
TEMPLATE = re.compile(r"{(\w+)}")
NOT_YET = {
    "/api/invitations/{token}": 404,
    "/uflow/v2/jobs/{job_id}/result": 409,
    "/uflow/v2/who-has": 400,
}  # no link, no file, no question
# The examples tell a story of their own, whose ids this world does not have, or whose moment has passed here. All other
# writes must go through; what these do is tried with rows of theirs where they have their tests.
STORYS_OWN = {
    "POST /api/invitations/{token}/accept": 404,
    "DELETE /api/me/memberships/{tenant_id}": 409,  # the last owner
    "PATCH /uflow/v2/applications/{application_id}/tools/{tool_name}": 422,
    "POST /uflow/v2/bindings": 422,
    "POST /uflow/v2/clients": 422,
    "PUT /uflow/v2/clients/{client_pk}/keys": 422,
    "PUT /uflow/v2/clients/{client_pk}/limits": 422,
    "POST /uflow/v2/clients/{client_pk}/rotate-secret": 409,  # of a public client
    "POST /uflow/v2/explain-token": 404,
    "POST /uflow/v2/groups/{group_id}/members": 422,
    "POST /uflow/v2/groups/{group_id}/role-bindings": 422,
    "PUT /uflow/v2/service-accounts/{account_id}/keys": 422,
    "POST /uflow/v2/service-accounts/{account_id}/operators": 422,
    "POST /uflow/v2/simulate": 422,
    "POST /uflow/v2/tenants/{tenant_id}/end-users/bulk/{bulk_job_id}/undo": 409,
    "POST /uflow/v2/tenants/{tenant_id}/end-users/imports": 422,
}
OPERATIONS = [(path, method.upper()) for path, item in document()["paths"].items() for method in item]


def listed() -> list[tuple[str, Any]]:
    """Every member of both documents, with each of its values."""
    everything = {name: value for made in DOCUMENTS.values() for name, value in made().items()}
    return [
        (name, value)
        for name, values in everything.items()
        for value in (values if isinstance(values, list) else [values])
    ]


@pytest.fixture(scope="module")
def shared(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Protocol, World]]:
    """A world of the protocol and one of the console, made once; each test rolls back to here."""
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(transaction.atomic())
        stack.callback(transaction.set_rollback, True)
        yield protocol_world("listed"), worlds.build()


@pytest.mark.parametrize("address", DOCUMENTS)
def test_the_documents_are_the_same_for_whoever_reads_them(address: str) -> None:  # RFC 8414 §3, Discovery §4
    assert Browser().get(address).json() == json.loads(json.dumps(DOCUMENTS[address]()))


@pytest.mark.parametrize(("member", "value"), listed(), ids=lambda each: str(each).rpartition("/")[2])
def test_what_a_discovery_document_lists_works(
    member: str,
    value: Any,
    shared: tuple[Protocol, World],
    internet: Any,  # noqa: F811
    db: None,
) -> None:
    it = shared[0]
    exercise(member, value)(replace(it, client=copy.copy(it.client)), value)


def exercise(member: str, value: Any) -> Exercise:
    """What shows that it works. Fails for what nobody can show."""
    found = MEMBERS.get(member)
    if isinstance(found, dict):
        found = found.get(value)
    if found is None:
        pytest.fail(f"{member} lists {value!r}: add to tests/console/listed what shows that it works.")
    return found


def test_nothing_is_exercised_that_no_document_lists() -> None:
    """A member that was taken out leaves its exercise behind: a switch or a typing error hides so."""
    names = {name for name, _ in listed()}
    assert set(MEMBERS) == names
    for name, by_value in MEMBERS.items():
        if isinstance(by_value, dict):
            assert set(by_value) == {value for member, value in listed() if member == name}


def test_a_value_that_nobody_can_exercise_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="add to tests/console/listed"):
        exercise("grant_types_supported", "urn:example:new-grant")


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=[f"{m} {p}" for p, m in OPERATIONS])
def test_every_operation_of_the_api_answers(
    path: str, method: str, shared: tuple[Protocol, World], db: None
) -> None:
    """With the ids of real rows and the document's own example, called by an owner."""
    world = shared[1]
    operation = document()["paths"][path][method.lower()]
    address = TEMPLATE.sub(lambda found: str((world.ours.ids | {"token": "nothing"})[found[1]]), path)
    bodies = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    example = next(iter(bodies.get("examples", {}).values()), {}).get("value")
    owner = cast.owner_of(world.ours.tenant)
    answer = Api(token_of(owner), world.ours.tenant)(method, address, example)
    resolve(address)
    assert str(answer.status_code) in operation["responses"], answer.content
    if method == "GET":
        assert answer.status_code == NOT_YET.get(path, 200), answer.content
    else:
        expected = STORYS_OWN.get(f"{method} {path}")
        assert answer.status_code == expected if expected else answer.status_code < 300, answer.content
