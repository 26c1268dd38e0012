"""What is answered where PostgreSQL ends a transaction for the sake of another: nothing is done, try again."""

from typing import Any

import pytest
from django.db import connection

from authsec.database.context import owner_context, tenant_context
from tenants.models import Membership
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.oauth.world import ED, world

pytestmark = pytest.mark.django_db
# The error of a deadlock, from where the second of two statements would get it.
VICTIM = """
create function in_the_way() returns trigger language plpgsql as $$
begin raise exception 'deadlock detected' using errcode = 'deadlock_detected'; end $$;
create trigger in_the_way before {event} on {table} execute function in_the_way()
"""


def victim(event: str, table: str) -> Any:
    with owner_context(), connection.cursor() as cursor:
        cursor.execute(VICTIM.format(event=event, table=table))


def test_who_was_in_the_way_of_another_is_told_to_try_again() -> None:
    acme = cast.open_tenant()
    olga, carl = cast.owner_of(acme), cast.member(acme, "carl@acme.example")
    browser = cast.signed_in(olga)
    browser.raise_request_exception = False
    victim("update", "tenants_membership")
    answer = Api(token_of(olga), acme)("PATCH", f"/api/orgs/{acme.pk}/members/{carl.pk}", {"type": "admin"})
    assert problem(answer) == (503, "unavailable")
    assert answer["Retry-After"] == "1"
    page = browser.post(f"/t/{acme.slug}/settings/team/{carl.pk}/type/", {"type": "admin"})
    assert (page.status_code, page["Retry-After"]) == (503, "1")
    assert "Somebody was changing the same" in page.content.decode()
    with tenant_context(acme.pk):
        assert Membership.objects.get(user=carl).type == "member"


def test_a_client_whose_refresh_was_in_the_way_still_has_its_token() -> None:
    it = world()
    given = it.tokens(it.signed_in(ED))
    victim("update", "oauth_refreshtoken")
    answer = it.refresh(given["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer["Retry-After"] == "1"
    assert it.facts(given["access_token"])["active"] is True
