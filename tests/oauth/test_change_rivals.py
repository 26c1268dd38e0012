"""A client or an Application that is being changed, beside those who only refer to it."""

from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz import scope_changes, tool_publication, tools
from authz.models import Application, Scope, ToolRule
from authz.scopes import ScopeSpec
from authz.tool_manifest import ToolSpec
from oauth import consent
from oauth.clients import configuration
from oauth.clients import creation as clients
from oauth.models import ClientApproval
from tests.oauth.test_console import OWNER
from tests.oauth.world import ED, REDIRECT_URI, world
from tests.rivals import Beside, waiting
from tests.servers import eventually


def said(name: str) -> clients.Registration:
    return clients.read_registration(
        {
            "client_name": name,
            "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
        }
    )


def test_who_refers_to_what_is_changed_does_not_wait_for_it_and_nobody_waits_in_a_circle(
    own_database: None,
) -> None:
    """A client that changes itself resets the tenants' words on it; a consent writes its word first, then refers to it.
    So do new scopes of an Application, which a decision about a tool counts up beside them.
    """
    it = world()

    def told(**more: Any) -> dict[str, Any]:
        return {"tenant_id": it.tenant.pk, "actor": SYSTEM, "now": timezone.now(), **more}

    browser = it.signed_in(ED)
    it.client, _ = clients.register_public(said("Claude"), now=timezone.now())
    with tenant_context(it.tenant.pk):
        clients.approve(**told(client_id=it.client.pk))
    with tenant_context(it.tenant.pk):
        Application.objects.select_for_update().get(pk=it.application.pk)  # what a consent refers to
        consenting = Beside(it.consent, browser).waits()
        changing = Beside(
            lambda: configuration.change(
                client_id=it.client.pk, registration=said("Claudia"), actor=SYSTEM, now=timezone.now()
            )
        )
        eventually(lambda: waiting() == 2, what="both waiting")
    assert changing.answer.name == "Claudia"
    assert len(consenting.answer) == 2, "a code and its verifier"

    which = {"application_id": it.application.pk}
    tool_publication.publish(**told(**which), tools=[ToolSpec("deploy")], credential_id="c")
    with tenant_context(it.tenant.pk):
        tools.locked_inventory(it.application)
        scopes = [ScopeSpec("audit", "Look")]
        changing = Beside(lambda: scope_changes.change_scopes(**told(**which), declared=scopes)).waits()
        tools.decide(**told(**which), tool_name="deploy", is_public=True)
    assert not isinstance(changing.answer, Exception)
    with tenant_context(it.tenant.pk):
        assert ToolRule.objects.filter(ended_at=None).count() == 1
        assert Scope.objects.filter(name="audit", ended_at=None).exists()


@pytest.mark.django_db
def test_a_client_that_changes_while_somebody_reads_is_not_let_in_as_what_they_did_not_see() -> None:
    it = world()
    it.client, _ = clients.register_public(said("Claude"), now=timezone.now())
    with tenant_context(it.tenant.pk):
        consent.note_client(tenant_id=it.tenant.pk, client=it.client, now=timezone.now())
    url, browser = f"/t/{it.tenant.slug}/clients/{it.client.pk}/approve/", it.signed_in(OWNER)

    def press(page: Any) -> Any:
        return browser.post(url, {"seen": page.context["seen"]})

    page = browser.get(url)
    configuration.change(
        client_id=it.client.pk, registration=said("Your bank"), actor=SYSTEM, now=timezone.now()
    )
    again = press(page)
    assert again.status_code == 422
    assert "Look at it again" in again.content.decode()
    assert "Approve Your bank" in again.content.decode()
    with tenant_context(it.tenant.pk):
        assert ClientApproval.objects.get(client=it.client).status == "pending"
    assert press(again).status_code == 302
    with tenant_context(it.tenant.pk):
        assert ClientApproval.objects.get(client=it.client).status == "approved"
