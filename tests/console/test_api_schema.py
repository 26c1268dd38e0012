"""The OpenAPI document is valid and true: every operation keeps to it, whatever it is sent."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import Client as Browser
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from authsec.console.checks import routes
from authsec.console.openapi import document
from authsec.web.api import ApiView
from tests import cast
from tests.console.api import token_of

pytestmark = pytest.mark.django_db
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]


def test_the_document_is_valid_openapi() -> None:
    validate_schema(json.loads(json.dumps(document())))


def test_every_route_of_the_api_stands_in_it() -> None:
    written = {
        (path.strip("/"), method)
        for path, item in document()["paths"].items()
        for method in item
        if method in ApiView.http_method_names
    }
    served = {
        (_template(path), method)
        for path, pattern in routes()
        if issubclass(getattr(pattern.callback, "cls", object), ApiView)
        for method in ApiView.http_method_names
        if method != "head" and hasattr(pattern.callback.cls, method)
    }
    assert served == written
    assert len(served) > 10


def _template(path: str) -> str:
    """``groups/<uuid:group_id>`` → ``groups/{group_id}``."""
    return "/".join(
        "{" + part[1:-1].rpartition(":")[2] + "}" if part.startswith("<") else part
        for part in path.split("/")
    )


def test_every_operation_names_its_right_its_problems_and_its_token() -> None:
    for item in document()["paths"].values():
        for operation in item.values():
            if not operation["security"]:
                assert operation["operationId"] == "read_invitation"  # the link is the secret
                continue
            assert [set(way) for way in operation["security"]] == [{"bearer"}, {"oauth2"}]
            assert {"400", "401", "403", "default"} <= set(operation["responses"])
            assert "application/problem+json" in operation["responses"]["401"]["content"]
            about_me = (
                operation["tags"] in (["me"], ["jobs"]) or operation["operationId"] == "accept_invitation"
            )
            assert about_me or "Needs `" in operation["description"]


def test_it_is_served_to_anybody_and_browsable_without_a_script() -> None:
    browser = Browser()
    assert browser.get("/api/schema").json()["info"]["title"] == "AuthSec management API"
    page = browser.get("/api/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    for item in document()["paths"].values():
        for operation in item.values():
            assert f'id="{operation["operationId"]}"' in text
    assert "tenant-not-in-token" in text
    assert " style=" not in text


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """acme-corp with something of everything, and an administering service account; each call is rolled back."""
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(transaction.atomic())
        stack.callback(transaction.set_rollback, True)
        yield acme_corp()


def acme_corp() -> SimpleNamespace:
    acme = cast.open_tenant()
    bot = cast.service_account(acme, "release-bot")
    cast.bind(acme, cast.system_role(acme, "tenant-admin"), bot)
    app = cast.application(acme, "deploy-mcp", ["deploy"])
    alice = cast.member(acme, "alice@acme.example")
    group = cast.group(acme, "on-call", [alice])
    role = cast.role(acme, "Deploy Operator", ["deploy"])
    cast.bind(acme, role, group, app, requires_mfa=True, ip_ranges=["10.0.0.0/8"])
    ed = cast.end_user(acme, "ed@consumer.example")
    return SimpleNamespace(
        token=token_of(bot),
        ids={
            "tenant_id": str(acme.pk),
            "group_id": str(group.pk),
            "user_id": str(ed.pk),
            "application_id": str(app.pk),
            "role_id": str(role.pk),
        },
    )


@contextmanager
def requests_inside_a_transaction() -> Iterator[None]:
    """Requests to the application in this process leave the connection open meanwhile."""
    around = (signals.request_started, signals.request_finished)
    for signal in around:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in around:
            signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def document_read(world: SimpleNamespace) -> Any:
    """The document, read once: each time, schemathesis also searches the product for constants worth sending."""
    with requests_inside_a_transaction():
        return schemathesis.openapi.from_wsgi("/api/schema", get_wsgi_application())


@pytest.fixture
def api_schema(document_read: Any, db: None) -> Iterator[Any]:
    with requests_inside_a_transaction():
        yield document_read


OPERATIONS = [(path, method.upper()) for path, item in document()["paths"].items() for method in item]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_operations_keep_to_the_document(
    path: str, method: str, api_schema: Any, world: SimpleNamespace
) -> None:
    """With ids of its own invention and with real ones, every answer is one that the document names."""

    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=api_schema[path][method].as_strategy())
    def keeps_to_it(case: Any) -> None:
        _call(case, world)
        known = {name: world.ids.get(name, value) for name, value in case.path_parameters.items()}
        case.path_parameters = known
        _call(case, world)

    keeps_to_it()


def _call(case: Any, world: SimpleNamespace) -> None:
    headers = {"Authorization": f"Bearer {world.token}", "X-Tenant-ID": world.ids["tenant_id"]}
    with transaction.atomic():
        case.call_and_validate(headers=headers, checks=CHECKS)
        transaction.set_rollback(True)
