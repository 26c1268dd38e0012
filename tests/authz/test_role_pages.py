"""A role's page and form: what it gives, what a change would do before it is saved, and what it gave before."""

from types import SimpleNamespace

import pytest
from django.test import Client

from authsec.database.context import tenant_context
from authz.contents import contents_of
from authz.models import Role
from tests import cast

pytestmark = pytest.mark.django_db
ROLES = "/t/acme-corp/authz/roles/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def adam(acme: SimpleNamespace) -> Client:
    return cast.signed_in(acme.adam)


def scopes(role: Role) -> list[str]:
    with tenant_context(role.tenant_id):
        return contents_of([role])[role.pk].scopes


def test_what_an_edit_does_is_shown_before_it_is_saved(acme: SimpleNamespace, adam: Client) -> None:
    url = f"{ROLES}{acme.writer.id}/edit/"
    less = {"name": "PR Writer", "known_scopes": ["pr:read"]}
    live = adam.post(url, less, headers=HTMX)
    assert "person loses" in live.text
    assert "<html" not in live.text
    shown = adam.post(url, less)
    assert shown.status_code == 200
    assert "Nothing is saved yet" in shown.text
    assert scopes(acme.writer) == ["pr:read", "pr:write"]
    seen = shown.context["form"].digest
    other = adam.post(
        url, less | {"known_scopes": [], "seen": seen}
    )  # other answers than those that were shown
    assert other.status_code == 200
    assert scopes(acme.writer) == ["pr:read", "pr:write"]
    assert adam.post(url, less | {"seen": seen}).status_code == 302
    assert scopes(acme.writer) == ["pr:read"]
    page = adam.get(f"{ROLES}{acme.writer.id}/").text
    assert "<b>Adam Lindqvist</b> took out <code>pr:write</code>" in page


def test_what_nobody_feels_is_saved_at_once(acme: SimpleNamespace, adam: Client) -> None:
    answers = {"name": "PR Author", "known_scopes": ["pr:read", "pr:write"]}
    assert adam.post(f"{ROLES}{acme.writer.id}/edit/", answers).status_code == 302


def test_the_form_says_which_permission_the_actor_lacks(acme: SimpleNamespace, adam: Client) -> None:
    more = {"name": "Writer", "known_scopes": ["pr:read"], "console_permissions": ["org:transfer"]}
    for url in (f"{ROLES}{acme.writer.id}/edit/", f"{ROLES}new/"):
        answer = adam.post(url, more)
        assert answer.status_code == 403
        assert "org:transfer" in answer.context["refusal"]
        assert 'value="pr:read" checked' in answer.text  # nothing typed is lost
    assert scopes(acme.writer) == ["pr:read", "pr:write"]
    assert "you don’t hold it" in adam.get(f"{ROLES}new/").text


def test_a_name_that_no_application_supports_is_shown_as_such(acme: SimpleNamespace, adam: Client) -> None:
    made = adam.post(
        f"{ROLES}new/", {"name": "Early", "other_scopes": "later:one", "known_scopes": "pr:read"}
    )
    page = adam.get(made["Location"]).text
    assert "no Application has it" in page
    assert "later:one" in adam.get(f"{made['Location']}edit/").text


def test_a_copy_of_a_system_role_gives_the_same(acme: SimpleNamespace) -> None:
    olga = cast.signed_in(acme.olga)
    with tenant_context(acme.id):
        system = Role.objects.get(system_key="tenant-admin")
    form = olga.get(f"{ROLES}new/?copy={system.pk}").context["form"]
    answers = {name: value for name in form.fields if (value := form[name].value())}
    made = olga.post(f"{ROLES}new/", answers)
    with tenant_context(acme.id):
        copy = Role.objects.get(name="Copy of Tenant admin")
        both = contents_of([system, copy])
    assert made["Location"].endswith(f"{copy.pk}/")
    assert both[copy.pk].console_permissions == both[system.pk].console_permissions


def test_roles_are_searched_by_what_they_give(acme: SimpleNamespace, adam: Client) -> None:
    def found(query: str) -> set[str]:
        return {role.name for role in adam.get(f"{ROLES}?{query}").context["page"].items}

    assert found("q=pr:w") == {"PR Writer"}
    assert found("q=audit:read") == {"Auditor"}
    assert found(f"q={acme.operator.id}") == {"Deploy Operator"}
    assert "Auditor" not in found("kind=system")
    assert adam.get(f"{ROLES}?kind=x").status_code == 400
