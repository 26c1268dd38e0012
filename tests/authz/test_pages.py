"""Groups, roles, bindings, Applications and service accounts, as an admin's browser gets them."""

from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from django.test import Client

from authsec.database.context import tenant_context
from authz.binding_states import STATES
from authz.models import Application, Binding, Group, GroupMember, Role, Scope, ServiceAccount
from tests import cast
from tests.statements import statements

pytestmark = pytest.mark.django_db
HOME = "/t/acme-corp/"
AUTHZ = f"{HOME}authz/"


@pytest.fixture
def adam(acme: SimpleNamespace) -> Client:
    return cast.signed_in(acme.adam)


def pages(acme: SimpleNamespace) -> list[str]:
    group, account, app = acme.oncall.id, acme.account.id, acme.deploy.id
    return [
        f"{HOME}applications/",
        f"{HOME}applications/new/",
        f"{HOME}applications/{app}/",
        f"{HOME}applications/{app}/edit/",
        f"{HOME}applications/{app}/scopes/",
        f"{HOME}applications/{app}/disable/",
        f"{HOME}applications/{app}/archive/",
        f"{AUTHZ}roles/",
        *(f"{AUTHZ}roles/?kind={kind}&q=pr:" for kind in ("own", "system", "archived")),
        f"{AUTHZ}roles/new/",
        f"{AUTHZ}roles/new/?copy={acme.auditor.id}",
        f"{AUTHZ}roles/{acme.writer.id}/",
        f"{AUTHZ}roles/{acme.writer.id}/edit/",
        f"{AUTHZ}roles/{acme.writer.id}/archive/",
        f"{AUTHZ}bindings/",
        f"{AUTHZ}bindings/new/",
        *(f"{AUTHZ}bindings/?state={state}" for state in STATES),
        f"{AUTHZ}bindings/{acme.runs.id}/",
        f"{AUTHZ}bindings/{acme.runs.id}/change/",
        f"{AUTHZ}bindings/{acme.runs.id}/end/",
        f"{AUTHZ}groups/",
        f"{AUTHZ}groups/new/",
        f"{AUTHZ}groups/{group}/",
        f"{AUTHZ}groups/{group}/edit/",
        f"{AUTHZ}groups/{group}/history/",
        f"{AUTHZ}groups/{group}/end-access/",
        f"{AUTHZ}groups/{group}/give/",
        f"{AUTHZ}groups/{group}/members/",
        f"{AUTHZ}groups/{group}/members/remove/?user={acme.carl.id}&user={acme.alice.id}",
        f"{AUTHZ}groups/{group}/members/{acme.carl.id}/remove/",
        f"{AUTHZ}groups/{group}/archive/",
        f"{AUTHZ}service-accounts/",
        f"{AUTHZ}service-accounts/new/",
        f"{AUTHZ}service-accounts/{account}/",
        f"{AUTHZ}service-accounts/{account}/edit/",
        f"{AUTHZ}service-accounts/{account}/history/",
        f"{AUTHZ}service-accounts/{account}/give/",
        f"{AUTHZ}service-accounts/{account}/operators/",
        f"{AUTHZ}service-accounts/{account}/end/",
        f"{AUTHZ}effective-access/",
        f"{AUTHZ}policies/",
    ]


def test_every_page_answers_an_admin_and_hides_from_a_contractor(acme: SimpleNamespace, adam: Client) -> None:
    carl = cast.signed_in(acme.carl)
    open_to_carl = (
        f"{HOME}applications/",
        f"{HOME}applications/{acme.deploy.id}/",
        f"{AUTHZ}effective-access/",
    )
    for url in pages(acme):
        assert adam.get(url).status_code == 200, url
        assert carl.get(url).status_code == (200 if url in open_to_carl else 403), url


def test_an_auditor_reads_and_changes_nothing(acme: SimpleNamespace) -> None:
    rita = cast.signed_in(acme.rita)
    assert rita.get(f"{AUTHZ}groups/{acme.oncall.id}/").status_code == 200
    assert b"Add people" not in rita.get(f"{AUTHZ}groups/{acme.oncall.id}/").content
    assert rita.post(f"{AUTHZ}groups/new/", {"name": "x"}).status_code == 403


def test_pages_of_nothing_and_of_another_tenant_are_not_found(acme: SimpleNamespace, adam: Client) -> None:
    other = cast.open_tenant("other-corp", "dana@other.example")
    theirs = cast.group(other, "theirs").id
    for key in (uuid4(), theirs):
        for url in (
            f"{AUTHZ}groups/{key}/",
            f"{AUTHZ}groups/{key}/give/",
            f"{AUTHZ}groups/{key}/archive/",
            f"{AUTHZ}roles/{key}/",
            f"{AUTHZ}roles/{key}/edit/",
            f"{AUTHZ}bindings/{key}/end/",
            f"{AUTHZ}service-accounts/{key}/",
            f"{HOME}applications/{key}/",
            f"{AUTHZ}groups/{acme.oncall.id}/members/{key}/remove/",
        ):
            assert adam.get(url).status_code == 404, url
            assert adam.post(url).status_code in (404, 405), url
    assert adam.get(f"{AUTHZ}groups/not-an-id/").status_code == 404


def test_lists_send_few_statements(acme: SimpleNamespace, adam: Client) -> None:
    adam.get(f"{AUTHZ}policies/")
    for url in (
        f"{HOME}applications/",
        *(f"{AUTHZ}{n}/" for n in ("roles", "bindings", "groups", "service-accounts")),
    ):
        with statements() as sent:
            adam.get(url)
        assert len(sent) <= 6 + 2 * url.endswith("bindings/"), (url, sent)  # filters; rows found, then shown
    with statements() as sent:
        adam.get(f"{AUTHZ}groups/{acme.oncall.id}/")
    assert len(sent) <= 9


def test_a_group_is_made_filled_and_given_a_role(acme: SimpleNamespace, adam: Client) -> None:
    made = adam.post(f"{AUTHZ}groups/new/", {"name": "release", "description": "Ships it"})
    assert made.status_code == 302
    url = made["Location"]
    people = f"alice@acme.example, CARL@jensen.example\n{acme.ed.user_id}"
    assert adam.post(f"{url}members/", {"people": people, "action": "add"}).status_code == 302
    given = adam.post(
        f"{url}give/",
        {
            "role": acme.operator.id,
            "application": acme.deploy.id,
            "expires_at": "2090-01-01T00:00",
            "mfa_within": "43200",
            "addresses": "203.0.113.0/24 10.0.0.0/8",
            "reason": "release week",
        },
    )
    assert given.status_code == 302
    with tenant_context(acme.id):
        group = Group.objects.get(name="release")
        assert GroupMember.objects.filter(group=group, ended_at=None).count() == 3
        binding = Binding.objects.get(group=group)
    assert (binding.requires_mfa, binding.mfa_max_age.total_seconds(), binding.reason) == (
        True,
        43200,
        "release week",
    )
    page = adam.get(url).content.decode()
    assert "MFA within 12 h" in page
    assert "203.0.113.0/24, 10.0.0.0/8" in page
    adam.post(f"{url}members/{acme.carl.id}/remove/", {"reason": "left the team"})
    adam.post(f"{AUTHZ}bindings/{binding.id}/end/")
    with tenant_context(acme.id):
        assert GroupMember.objects.filter(group=group, ended_at=None).count() == 2
        assert Binding.objects.get(pk=binding.pk).ended_at is not None


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"role": ""}, "This field is required"),
        ({"role": str(uuid4())}, "Select a valid choice"),
        ({"application": str(uuid4())}, "Select a valid choice"),
        ({"addresses": "198.51.100.300/24"}, "is not an address range"),
        ({"expires_at": "2001-01-01T00:00"}, "in the past"),
        ({"expires_at": "2090-01-01T00:00", "not_before": "2091-01-01T00:00"}, "before it begins"),
        ({"expires_at": "never"}, "Enter a valid date/time"),
        ({"mfa_within": "7"}, "Select a valid choice"),
        ({"reason": "x" * 501}, "at most 500"),
        ({"reason": "a\x00b"}, "Null characters"),
    ],
)
def test_a_bad_binding_is_refused_beside_its_field(
    acme: SimpleNamespace, adam: Client, bad: dict[str, str], said: str
) -> None:
    good = {"role": str(acme.operator.id), "application": str(acme.deploy.id)}
    answer = adam.post(f"{AUTHZ}groups/{acme.oncall.id}/give/", good | bad)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    with tenant_context(acme.id):
        assert Binding.objects.filter(group=acme.oncall).count() == 1


@pytest.mark.parametrize(
    "people", ["", "nobody@example.test", "0199f4d2-0000-7000-8000-000000000000", "\x00", "a " * 1500, "@"]
)
def test_people_whom_nobody_knows_are_refused(acme: SimpleNamespace, adam: Client, people: str) -> None:
    assert (
        adam.post(f"{AUTHZ}groups/{acme.oncall.id}/members/", {"people": people, "action": "add"}).status_code
        == 422
    )


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "on-call", "\x00"])
def test_a_bad_name_of_a_group_is_refused(acme: SimpleNamespace, adam: Client, name: str) -> None:
    assert adam.post(f"{AUTHZ}groups/new/", {"name": name}).status_code == 422


def test_an_admin_cannot_give_what_only_owners_hold(acme: SimpleNamespace, adam: Client) -> None:
    with tenant_context(acme.id):
        owner = Role.objects.get(system_key="tenant-owner")
    answer = adam.post(f"{AUTHZ}bindings/new/", {"person": "alice@acme.example", "role": owner.id})
    assert answer.status_code == 403
    # Nothing that was filled in is lost, and the reason stands beside its field.
    assert "alice@acme.example" in answer.text
    assert "org:transfer" in answer.text.split('name="role"')[1].split('name="application"')[0]
    assert (
        cast.signed_in(acme.olga)
        .post(f"{AUTHZ}bindings/new/", {"person": "alice@acme.example", "role": owner.id})
        .status_code
        == 302
    )


@pytest.mark.parametrize("subject", ["group", "service_account", "plan_tier", "person"])
def test_a_role_is_given_to_each_kind_of_subject(acme: SimpleNamespace, adam: Client, subject: str) -> None:
    chosen = {
        "group": {"subject": f"g:{acme.engineering.id}"},
        "service_account": {"subject": f"s:{acme.account.id}"},
        "plan_tier": {"subject": f"p:{cast.tier(acme.tenant).id}"},
        "person": {"person": str(acme.ed.user_id)},
    }[subject]
    assert adam.post(f"{AUTHZ}bindings/new/", {"role": acme.operator.id, **chosen}).status_code == 302
    assert adam.post(f"{AUTHZ}bindings/new/", {"role": acme.operator.id}).status_code == 422


def scope_rows(*rows: tuple[str, str, str]) -> dict[str, str]:
    data = {"scopes-TOTAL_FORMS": str(len(rows)), "scopes-INITIAL_FORMS": "0"}
    for number, (name, description, risk) in enumerate(rows):
        data |= {
            f"scopes-{number}-name": name,
            f"scopes-{number}-description": description,
            f"scopes-{number}-risk": risk,
        }
    return data


def test_an_application_is_registered_with_its_scopes(acme: SimpleNamespace, adam: Client) -> None:
    facts = {
        "name": "docs-mcp",
        "kind": "mcp_server",
        "resource_uri": "HTTP://LocalHost:9107/mcp",
        "admission": "anyone",
        **scope_rows(("docs:read", "Read documents", "low"), ("", "", "low"), ("docs:write", "", "high")),
    }
    made = adam.post(f"{HOME}applications/new/", facts)
    assert made.status_code == 302
    key = UUID(made["Location"].rstrip("/").rpartition("/")[2])
    with tenant_context(acme.id):
        app = Application.objects.get(pk=key)
        assert app.resource_uri == "http://localhost:9107/mcp"
        assert app.verified_at is not None
        assert set(app.scopes.values_list("name", flat=True)) == {"docs:read", "docs:write"}
    changed = scope_rows(("docs:read", "Read", "low"), ("docs:admin", "", "critical"))
    assert adam.post(f"{HOME}applications/{key}/scopes/", changed).status_code == 302
    with tenant_context(acme.id):
        live = Scope.objects.filter(application_id=key, ended_at=None)
        assert set(live.values_list("name", flat=True)) == {"docs:read", "docs:admin"}
        assert Scope.objects.get(application_id=key, name="docs:write").ended_at is not None
    adam.post(f"{HOME}applications/{key}/disable/", {"reason": "incident"})
    assert b"Disabled" in adam.get(f"{HOME}applications/{key}/").content


@pytest.mark.parametrize(
    "bad",
    [
        {"resource_uri": "not a uri"},
        {"resource_uri": "https://x.example/mcp#part"},
        {"resource_uri": "/relative"},
        {"resource_uri": "https://user:pw@x.example/"},
        {"resource_uri": "https://x.example:99999/"},
        {"resource_uri": "https://[::1"},
        {"resource_uri": "javascript:alert(1)"},
        {"resource_uri": "http://localhost:1/../x"},
        {"kind": "toaster"},
        {"admission": ""},
        {"name": "deploy-mcp"},
        {"name": ""},
        {"scopes-0-name": "openid"},
        {"scopes-0-name": "two words"},
        {"scopes-0-name": "ümlaut"},
        {"scopes-0-risk": "none"},
        {"scopes-TOTAL_FORMS": "many"},
        {"scopes-TOTAL_FORMS": "100000"},
    ],
)
def test_a_bad_application_is_refused(acme: SimpleNamespace, adam: Client, bad: dict[str, str]) -> None:
    facts = {
        "name": "docs-mcp",
        "kind": "api",
        "resource_uri": "https://docs.example.test/mcp",
        "admission": "members",
        **scope_rows(("docs:read", "", "low")),
    }
    assert adam.post(f"{HOME}applications/new/", facts | bad).status_code == 422


def test_a_role_is_made_changed_and_archived(acme: SimpleNamespace, adam: Client) -> None:
    facts = {"name": "Triage", "known_scopes": ["pr:read"], "other_scopes": "issue:read issue:write"}
    made = adam.post(f"{AUTHZ}roles/new/", facts | {"console_permissions": ["audit:read"]})
    assert made.status_code == 302
    adam.post(f"{made['Location']}edit/", facts | {"other_scopes": ""})
    page = adam.get(made["Location"]).content.decode()
    assert "pr:read" in page
    assert "took out <code>audit:read</code>, <code>issue:read</code>" in page  # its history
    adam.post(f"{made['Location']}archive/")
    assert "Archived: its bindings give nothing" in adam.get(made["Location"]).content.decode()
    assert adam.get(f"{made['Location']}edit/").status_code == 404
    assert made["Location"] in adam.get(f"{AUTHZ}roles/?kind=archived").content.decode()


def test_a_binding_of_what_is_archived_says_that_it_gives_nothing(
    acme: SimpleNamespace, adam: Client
) -> None:
    adam.post(f"{AUTHZ}groups/{acme.oncall.id}/archive/", {"reason": "reorganised"})
    assert "on-call is archived" in adam.get(f"{AUTHZ}bindings/").content.decode()


def test_system_roles_are_read_only(acme: SimpleNamespace, adam: Client) -> None:
    with tenant_context(acme.id):
        key = Role.objects.get(system_key="member").pk
    for rest in ("edit/", "archive/"):
        assert adam.post(f"{AUTHZ}roles/{key}/{rest}", {"name": "x"}).status_code == 404
    assert b"can\xe2\x80\x99t be changed" in adam.get(f"{AUTHZ}roles/{key}/").content


def test_a_service_account_is_made_operated_and_ended(acme: SimpleNamespace, adam: Client) -> None:
    shown = adam.post(f"{AUTHZ}service-accounts/new/", {"name": "ci-bot"}).content.decode()
    assert "as_cs_" in shown, "its secret, once"
    with tenant_context(acme.id):
        made = f"{AUTHZ}service-accounts/{ServiceAccount.objects.get(name='ci-bot').pk}/"
    assert adam.post(f"{made}operators/", {"people": "alice@acme.example"}).status_code == 302
    assert adam.post(f"{made}operators/", {"people": "nobody@x.example"}).status_code == 422
    assert b"Alice Moreau" in adam.get(made).content
    assert adam.post(f"{made}operators/{acme.alice.id}/remove/").status_code == 302
    assert adam.post(f"{made}end/").status_code == 302
    assert "It has ended" in adam.get(made).content.decode()
    assert adam.get(f"{made}give/").status_code == 404
    assert "ci-bot" in adam.get(f"{AUTHZ}service-accounts/?status=ended&q=CI").content.decode()
    assert "ci-bot" not in adam.get(f"{AUTHZ}service-accounts/").content.decode()
    with tenant_context(acme.id):
        assert ServiceAccount.objects.get(name="ci-bot").ended_at is not None


def test_a_question_is_a_dialog_for_htmx_and_a_page_without_it(acme: SimpleNamespace, adam: Client) -> None:
    url = f"{AUTHZ}bindings/{acme.runs.id}/end/"
    assert "<html" in adam.get(url).content.decode()
    dialog = adam.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in dialog
    assert "End Deploy Operator for on-call in acme-corp?" in dialog
    done = adam.post(url, {"reason": ""}, headers={"HX-Request": "true"})
    assert done["HX-Redirect"] == f"{AUTHZ}groups/{acme.oncall.id}/"


def test_a_long_list_is_walked_by_name_from_end_to_end_and_back(acme: SimpleNamespace, adam: Client) -> None:
    names = [f"squad {number:03d}" for number in range(120)]
    for name in reversed(names):
        cast.group(acme.tenant, name)
    url, seen, previous = f"{AUTHZ}groups/", [], []
    while url:
        page = adam.get(url).context["page"]
        seen += [group.name for group in page.items]
        previous.append(page.previous)
        url = f"{AUTHZ}groups/?cursor={page.next}" if page.next else ""
    assert seen == sorted(seen)
    assert set(names) <= set(seen)
    assert len(seen) == len(set(seen))
    back = adam.get(f"{AUTHZ}groups/?cursor={previous[-1]}").context["page"]
    assert [group.name for group in back.items] == seen[50:100]
    assert adam.get(f"{AUTHZ}groups/?cursor=nonsense").status_code == 400
    assert adam.get(f"{AUTHZ}bindings/?cursor=nonsense").status_code == 400


def test_a_groups_bindings_and_people_come_in_pages(acme: SimpleNamespace, adam: Client) -> None:
    people = [cast.user_of(acme.tenant, f"p{number}@consumer.example") for number in range(53)]
    group = cast.group(acme.tenant, "crowd", people)
    for number in range(52):
        cast.bind(acme.tenant, cast.role(acme.tenant, f"Role {number}", []), group)
    first = adam.get(f"{AUTHZ}groups/{group.pk}/")
    assert str(first.context["members"].count) == "53"
    assert len(first.context["members"].items) == len(first.context["bindings"].items) == 50
    more = f"?cursor={first.context['members'].next}&bindings={first.context['bindings'].next}"
    rest = adam.get(f"{AUTHZ}groups/{group.pk}/{more}")
    assert len(rest.context["members"].items) == 3
    assert len(rest.context["bindings"].items) == 2
