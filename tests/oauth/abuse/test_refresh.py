"""Refresh tokens in the wrong hands and at the wrong time. The race of many is tests/walks/test_refresh_race.py."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from endusers import operations as endusers
from oauth.models import AccessToken, RefreshToken
from tests import cast
from tests.oauth.world import ED, World, public_client, world

pytestmark = pytest.mark.django_db


def refused(answer: Any, code: str = "invalid_grant") -> None:
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"] == code, answer.content


def rows(it: World) -> tuple[list[Any], list[Any]]:
    with tenant_context(it.tenant.id):
        return list(RefreshToken.objects.order_by("id").values()), list(
            AccessToken.objects.order_by("id").values()
        )


def test_reuse_ends_the_family_for_thief_and_owner_alike() -> None:  # RFC 9700 §4.14.2
    it = world()
    first = it.tokens(it.signed_in(ED))
    second = it.refresh(first["refresh_token"]).json()
    third = it.refresh(second["refresh_token"]).json()
    other = it.tokens(it.signed_in(ED))
    refused(it.refresh(first["refresh_token"]))
    for token in (first, second, third):
        assert it.facts(token["access_token"]) == {"active": False}
        refused(it.refresh(token["refresh_token"]))
    assert it.facts(other["access_token"])["active"] is True, "another sign-in is another family"


def test_a_token_is_its_clients_alone_and_a_stranger_ends_nothing() -> None:  # RFC 6749 §10.4
    it = world()
    first = it.tokens(it.signed_in(ED))
    other = public_client("Other")
    refused(it.refresh(first["refresh_token"], client_id=other.client_id))
    assert it.refresh(first["refresh_token"]).status_code == 200


def test_refresh_while_suspended_rotates_nothing_and_is_whole_afterwards() -> None:  # RFC 6749 §6, Rule 3
    it = world()
    first = it.tokens(it.signed_in(ED))
    second = it.refresh(first["refresh_token"]).json()
    moment = {
        "tenant_id": it.tenant.id,
        "user_id": it.facts(second["access_token"])["sub"],
        "actor": SYSTEM,
        "now": timezone.now(),
    }
    with tenant_context(it.tenant.id):
        endusers.suspend(reason="leaked key", **moment)
    before = rows(it)
    for token in (
        second,
        first,
        second,
    ):  # the reused one too: whoever is suspended cannot end what comes back
        refused(it.refresh(token["refresh_token"]))
        assert it.facts(token["access_token"]) == {"active": False}
    assert rows(it) == before, "nothing was rotated, consumed or revoked"
    with tenant_context(it.tenant.id):
        endusers.reactivate(**moment)
    assert it.facts(second["access_token"])["active"] is True
    assert it.refresh(second["refresh_token"]).status_code == 200


def test_a_refresh_never_brings_more_than_consent_gave() -> None:  # RFC 6749 §6
    it = world()
    first = it.tokens(it.signed_in(ED), scope="read write", only=["read"])
    for scope in ("read write run", "write", "read write"):
        answer = it.refresh(first["refresh_token"], scope=scope)
        granted = set(answer.json().get("scope", "").split())
        assert granted <= {"read"}, scope
        if answer.status_code == 200:
            first = answer.json()


def test_a_refresh_never_brings_what_was_asked_for_and_not_given_then() -> None:  # RFC 6749 §6, Rule 5
    it = world()
    first = it.tokens(it.signed_in(ED), scope="read run")
    assert first["scope"] == "read"
    runner = cast.role(it.tenant, "Runner", ["run"])
    cast.bind(it.tenant, runner, cast.tier(it.tenant), it.application)
    refused(it.refresh(first["refresh_token"], scope="run"), "invalid_scope")
    for scope in ("read run", None):
        first = it.refresh(first["refresh_token"], scope=scope).json()
        assert first["scope"] == "read", "Ed holds run by now, and allowed it to nobody"


def test_an_expired_token_gives_nothing_and_its_reuse_neither() -> None:  # RFC 9700 §2.2.2
    it = world()
    first = it.tokens(it.signed_in(ED))
    with tenant_context(it.tenant.id):
        RefreshToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    refused(it.refresh(first["refresh_token"]))
