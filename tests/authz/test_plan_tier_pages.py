"""The pages of plan tiers: what each gives and whom it reaches, and the questions before one is changed."""

from types import SimpleNamespace
from typing import Any

import pytest

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz.what_if import preview as previews
from authz.what_if import simulate
from endusers.models import EndUser, PlanTier
from tests import cast

pytestmark = pytest.mark.django_db
TIERS = "/t/alex-tools/settings/plan-tiers/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def world() -> SimpleNamespace:
    """alex-tools: free reads pdf-mcp, pro converts too; Ed is on free, Una and Uli on pro, Uli a reader besides."""
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    app = cast.application(tools, "pdf-mcp", ["pdf:read", "pdf:convert"])
    reader, converter = (
        cast.role(tools, "PDF Reader", ["pdf:read"]),
        cast.role(tools, "PDF Converter", ["pdf:read", "pdf:convert"]),
    )
    cast.bind(tools, reader, cast.tier(tools, "free"), app)
    cast.bind(tools, converter, cast.tier(tools, "pro"), app)
    uli = cast.end_user(tools, "uli@consumer.example", "pro", name="Uli")
    with tenant_context(tools.pk):
        cast.bind(tools, converter, uli.user, app)
    return SimpleNamespace(
        tools=tools,
        alex=cast.signed_in(cast.owner_of(tools)),
        reader=reader,
        ed=cast.end_user(tools, "ed@consumer.example", name="Ed"),
        una=cast.end_user(tools, "una@consumer.example", "pro", name="Una"),
    )


def rows(world: SimpleNamespace, model: Any, **which: Any) -> list[Any]:
    with tenant_context(world.tools.pk):
        return list(model.objects.filter(tenant=world.tools, **which))


def test_the_list_says_what_each_tier_gives_and_how_many_hold_it(world: SimpleNamespace) -> None:
    tiers = {tier.key: tier for tier in world.alex.get(TIERS).context["tiers"]}
    assert {key: str(tier.holders) for key, tier in tiers.items()} == {"free": "1", "pro": "2", "custom": "0"}
    gives = {key: [gift.name for gift in tier.given.gifts] for key, tier in tiers.items()}
    assert gives == {"free": ["pdf:read"], "pro": ["pdf:convert", "pdf:read"], "custom": []}


def test_the_question_before_another_tier_says_what_it_gives_and_takes(world: SimpleNamespace) -> None:
    page = f"/t/alex-tools/end-users/{world.ed.pk}/plan-tier/"
    assert f'hx-get="{page}effect/"' in world.alex.get(f"{page}?plan_tier=pro", headers=HTMX).text
    said = world.alex.get(f"{page}effect/", {"plan_tier": "pro"}, headers=HTMX).text
    assert "gains <code>pdf:convert</code>" in " ".join(said.split())
    assert "600 / minute instead of 60 / minute" in said
    assert "pdf:read" not in said  # what stays, another way
    assert "Ed is on Free now" in world.alex.get(f"{page}effect/").text
    assert world.alex.get(f"{page}effect/", {"plan_tier": "gold"}).status_code == 404
    limit = {"limit": 7, "window_s": 60}
    with tenant_context(world.tools.pk):
        EndUser.objects.filter(pk=world.ed.pk).update(rate_limit_override=limit)
    assert "Their own rate limit stays" in world.alex.get(f"{page}effect/", {"plan_tier": "pro"}).text


def test_a_tier_is_created_renamed_and_given_a_limit(world: SimpleNamespace) -> None:
    wrong = world.alex.post(f"{TIERS}new/", {"name": "Team", "key": "Big Team", "window_s": "60"})
    assert wrong.status_code == 422
    answers = {"name": "Team", "key": "team", "calls": "900", "window_s": "3600"}
    assert world.alex.post(f"{TIERS}new/", answers)["Location"] == f"{TIERS}team/"
    assert world.alex.post(f"{TIERS}team/edit/", {"name": "Teams", "window_s": "60"}).status_code == 302
    [team] = rows(world, PlanTier, key="team")
    assert (team.name, team.rate_limit) == ("Teams", None)
    page = world.alex.get(f"{TIERS}team/").text
    assert "changed the plan tier" in page
    assert world.alex.get(f"{TIERS}{team.pk}/")["Location"] == f"{TIERS}team/"


def test_what_a_move_would_do_is_counted_person_by_person_and_nothing_is_changed(
    world: SimpleNamespace,
) -> None:
    page = world.alex.get(f"{TIERS}pro/?to=free", headers=HTMX)
    assert "<html" not in page.text
    told = {(line.name, line.verb, line.count) for line in page.context["preview"].lines}
    assert ("pdf:convert", "lose", 1) in told  # Uli keeps it through his own binding
    assert "60 / minute" in page.text
    assert len(rows(world, EndUser, plan_tier__key="pro")) == 2
    assert not rows(world, Event, action="end_user.tier_changed", target_id=world.una.pk)[1:]


def test_of_very_many_the_first_are_counted(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "INLINE", 1)
    monkeypatch.setattr(previews, "INLINE", 1)
    monkeypatch.setattr(previews, "SAMPLE", 1)
    effect = world.alex.get(f"{TIERS}pro/?to=free").context["preview"]
    assert (effect.too_many, effect.looked_at) == (2, 1)
    assert effect.lines


def test_another_default_is_asked_about_with_what_a_stranger_gets(world: SimpleNamespace) -> None:
    asked = world.alex.get(f"{TIERS}custom/default/").text
    assert "this tier gives nothing" in asked
    assert "pdf:read" in asked
    assert world.alex.post(f"{TIERS}pro/default/", {"reason": "a campaign"}).status_code == 302
    assert [tier.key for tier in rows(world, PlanTier, is_default=True)] == ["pro"]
    [event] = rows(world, Event, action="plan_tier.made_default")
    assert (event.reason, event.before["plan_tier"]) == ("a campaign", "free")
    assert world.alex.post(f"{TIERS}pro/retire/", {"move_to": "free"}).status_code == 422


def test_retiring_asks_where_the_holders_go_and_moves_them_by_a_job(world: SimpleNamespace) -> None:
    asked = world.alex.get(f"{TIERS}pro/retire/?move_to=free")
    assert any("pdf:convert" in words for _, words in asked.context["effect"])
    assert world.alex.post(f"{TIERS}pro/retire/", {}).status_code == 422
    answer = world.alex.post(f"{TIERS}pro/retire/", {"move_to": "free"})
    assert "/jobs/" in answer["Location"]
    page = world.alex.get(f"{TIERS}pro/").text
    assert "still held" in page
    assert "Give this tier access" not in page
    assert world.alex.get(f"{TIERS}pro/edit/").status_code == 404
    bound = world.alex.post(
        "/t/alex-tools/authz/bindings/new/",
        {"subject": f"p:{cast.tier(world.tools, 'pro').pk}", "role": str(world.reader.pk), "ends": "never"},
    )
    assert bound.status_code == 422
