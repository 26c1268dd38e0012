"""Giving a role for a while, changing its terms, ending it and undoing that, as an admin's browser does it."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz.models import Binding
from tests import cast

pytestmark = pytest.mark.django_db
BINDINGS = "/t/acme-corp/authz/bindings/"
HTMX = {"HX-Request": "true"}
SOON = timedelta(seconds=60)


@pytest.fixture
def adam(acme: SimpleNamespace) -> Client:
    return cast.signed_in(acme.adam)


def bound(acme: SimpleNamespace, **which: object) -> Binding:
    with tenant_context(acme.id):
        return Binding.objects.get(**which)


def test_a_role_is_given_for_four_hours_in_two_clicks(acme: SimpleNamespace, adam: Client) -> None:
    link = f"{BINDINGS}new/?person={acme.carl.id}&role={acme.operator.id}&ends=4h"
    form = adam.get(link)
    assert "Carl Jensen" in form.text  # whose the id is
    answers = {name: form.context["form"][name].value() or "" for name in form.context["form"].fields}
    given = adam.post(f"{BINDINGS}new/", answers)
    binding = bound(acme, user=acme.carl, role=acme.operator)
    assert abs(binding.expires_at - timezone.now() - timedelta(hours=4)) < SOON
    assert given["Location"] == f"{BINDINGS}{binding.pk}/"
    assert "Ending soon" in adam.get(given["Location"]).text
    first = adam.get(f"{BINDINGS}?state=ending_soon").context["bindings"].items
    assert [row.pk for row in first] == [binding.pk, acme.audits.pk]  # the nearest end first
    assert str(binding.pk) in adam.get(f"{BINDINGS}ending/").text


@pytest.mark.parametrize(
    ("answers", "field", "sentence"),
    [
        ({"ends": "4h", "expires_at": "2090-01-01T00:00"}, "expires_at", "it ends once only"),
        ({"ends": "never", "expires_at": "2090-01-01T00:00"}, "expires_at", "it ends once only"),
        ({"ends": "date"}, "expires_at", "When does it end?"),
        ({"ends": "1h", "not_before": "2090-01-01T00:00"}, "ends", "before it begins"),
        ({"ends": "soon"}, "ends", "not one of the available choices"),
        ({"addresses": "203.0.113.7/24"}, "addresses", "203.0.113.0/24 for the range, 203.0.113.7/32"),
        ({"addresses": "2001:db8::1/32"}, "addresses", "2001:db8::/32 for the range, 2001:db8::1/128"),
    ],
)
def test_answers_that_contradict_each_other_are_refused_beside_their_field(
    acme: SimpleNamespace, adam: Client, answers: dict[str, str], field: str, sentence: str
) -> None:
    good = {"role": acme.operator.id, "person": str(acme.carl.id)}
    answer = adam.post(f"{BINDINGS}new/", good | answers)
    assert answer.status_code == 422
    assert sentence in str(answer.context["form"].errors[field])


def test_all_that_is_wrong_is_named_at_once(acme: SimpleNamespace, adam: Client) -> None:
    wrong = {
        "person": str(acme.carl.id),
        "addresses": "somewhere",
        "ends": "1h",
        "not_before": "2090-01-01T00:00",
    }
    errors = adam.post(f"{BINDINGS}new/", wrong).context["form"].errors
    assert errors.keys() == {"role", "addresses", "ends"}


def test_the_form_says_what_it_would_do_and_does_not_do_it(acme: SimpleNamespace, adam: Client) -> None:
    asked = {"subject": f"g:{acme.engineering.id}", "role": acme.writer.id, "application": acme.github.id}
    with tenant_context(acme.id):
        before = Binding.objects.count()
    column = adam.post(f"{BINDINGS}new/effect/", asked | {"ends": "4h"}, headers=HTMX).text
    assert "all have it through PR Writer" in column or "1 have it through PR Writer" in column
    assert "Ends by itself on" in column
    wide = {"subject": f"g:{acme.oncall.id}", "role": acme.writer.id}
    assert "<b>1</b> person gains" in re.sub(r"\s+", " ", adam.post(f"{BINDINGS}new/effect/", wide).text)
    assert "Not complete yet" in adam.post(f"{BINDINGS}new/effect/", {"person": "x"}, headers=HTMX).text
    with tenant_context(acme.id):
        assert Binding.objects.count() == before


def test_terms_are_changed_and_what_nobody_touched_stays(acme: SimpleNamespace, adam: Client) -> None:
    url = f"{BINDINGS}{acme.audits.id}/change/"
    form = adam.get(url).context["form"]
    answers = {name: form[name].value() or "" for name in form.fields}
    answers["expires_at"] = acme.audits.expires_at.strftime("%Y-%m-%dT%H:%M")
    assert adam.post(url, answers).status_code == 302
    assert bound(acme, pk=acme.audits.pk).expires_at == acme.audits.expires_at  # to the second
    with tenant_context(acme.id):
        assert not Event.objects.filter(action="binding.changed").exists()
    answers |= {"ends": "never", "mfa_within": "3600", "reason": "Longer"}
    assert "keeps" in adam.post(url, answers, headers=HTMX).text  # what it would do
    assert bound(acme, pk=acme.audits.pk).expires_at is not None
    assert adam.post(url, answers).status_code == 302
    page = adam.get(f"{BINDINGS}{acme.audits.id}/").text
    assert "MFA within 1 h" in page
    assert "Former terms" in page
    assert adam.post(url, answers | {"mfa_within": "59"}).status_code == 422


def test_an_end_says_who_loses_what_and_is_undone_by_a_new_binding(
    acme: SimpleNamespace, adam: Client
) -> None:
    url = f"{BINDINGS}{acme.runs.id}/end/"
    assert "people lose deploy:run" in adam.get(url).text
    answer = adam.post(url, {"reason": "Too wide"}, follow=True)
    undo = f"{BINDINGS}{acme.runs.id}/again/"
    assert f'action="{undo}"' in answer.text
    ended = adam.get(f"{BINDINGS}?state=ended").text
    assert re.search(r"by\s+Adam Lindqvist: Too wide", ended)
    adam.post(undo)
    again = bound(acme, group=acme.oncall, ended_at=None)
    assert again.pk != acme.runs.pk
    assert (again.role_id, again.application_id, again.requires_mfa) == (
        acme.operator.id,
        acme.deploy.id,
        True,
    )
    two_clicks = f"{BINDINGS}new/?like={acme.runs.id}&ends=4h"
    assert escape(two_clicks) in ended
    form = adam.get(two_clicks).context["form"]
    assert (form["subject"].value(), form["ends"].value()) == (f"g:{acme.oncall.id}", "4h")
    answers = {name: form[name].value() or "" for name in form.fields}
    assert adam.post(f"{BINDINGS}new/", answers).status_code == 302


def test_the_list_is_searched_and_narrowed(acme: SimpleNamespace, adam: Client) -> None:
    def found(query: str) -> set[object]:
        return {row.pk for row in adam.get(f"{BINDINGS}?{query}").context["bindings"].items}

    assert found("q=on-call") == {acme.runs.pk}
    assert found("q=PR+Writer") == found(f"role={acme.writer.id}") == {acme.writes.pk}
    assert acme.audits.pk in found("q=alice@acme.example")
    assert found(f"q={acme.runs.pk}") == {acme.runs.pk}
    assert found("subject=plan_tier") == {acme.reader.pk}
    assert found(f"application={acme.deploy.id}") == {acme.runs.pk}
    assert acme.audits.pk in found("application=none")
    assert found("state=not_yet") == found("state=never_gives") == set()
    for bad in ("state=x", "role=x", "subject=x", "q=%00"):
        assert adam.get(f"{BINDINGS}?{bad}").status_code == 400, bad
