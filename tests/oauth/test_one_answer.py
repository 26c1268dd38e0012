"""On random worlds the page, the API, the consent page, the token, introspection and the naive model say the same.

Each world is drawn from a number, so that a failure is repeated by it; before it is told, everything that is not needed
for it is taken out of the world.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone

from authsec import limiting
from authz.api import effective_access
from authz.effective import track_rows
from oauth import gate, introspection, wishes
from tests.authz.cast import NOW
from tests.authz.naive import Question, Town
from tests.authz.random_worlds import ADDRESSES, SCOPES, draw_town
from tests.oauth.one_answer import Place, Told, so_far

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
TOKENS = 3  # at least, in ten worlds: in the others nobody may have any
KNOWN = [address for address in ADDRESSES if address]
AGES = [None, timedelta(0), 2 * HOUR, 40 * 24 * HOUR]


@dataclass(frozen=True)
class Asked:
    """Who is asked about, where, what a client asks for there, and when, relative to the world's present."""

    kind: str
    subject: UUID
    app: UUID
    requested: frozenset[str]
    age: timedelta | None
    ip: str | None
    days: int = 0

    def at(self, place: Place) -> Question:
        moment = timezone.now() if not self.days else place.start + timedelta(days=self.days)
        return Question(
            self.kind, self.subject, moment, None if self.age is None else moment - self.age, self.ip
        )


def draw_asked(pick: Random, town: Town, **more: object) -> Asked:
    subjects = [("user", key) for key in town.people] * 2 + [
        ("service_account", key) for key in town.accounts
    ]
    kind, subject = pick.choice(subjects)
    requested = frozenset(pick.sample(SCOPES, pick.randint(1, len(SCOPES))))
    return Asked(
        kind,
        subject,
        pick.choice(list(town.apps)),
        requested,
        pick.choice(AGES),
        pick.choice(ADDRESSES),
        **more,
    )


@contextmanager
def standing(town: Town) -> Iterator[Place]:
    """The town in the database, for a moment."""
    limiting.start_over()
    with transaction.atomic():
        try:
            yield Place(town)
        finally:
            transaction.set_rollback(True)


def say(who: str, told: object, model: object, q: Question) -> None:
    assert told == model, f"{who} says {told}, the model {model}, asked {q}"


def same_on_page_and_api(place: Place, asked: Asked) -> None:
    """At any moment, in any circumstances."""
    town, q = place.town, asked.at(place)
    requested = set(asked.requested)
    page = place.page(q, requested)
    answered = place.answered(q, requested) if q.kind == "user" else None
    for key, app in town.apps.items():
        if not app.holds(q.at):
            assert key not in page
            continue
        model = Told(*town.granted(key, q, requested))
        say(f"page ({key.hex})", page.get(key, Told(set(), set())), model, q)
        if answered is not None:
            say(f"API ({key.hex})", answered.get(key, Told(set(), set())), model, q)
            effective = set() if town.closed_to(key, q) else town.granted(key, q, set(SCOPES))[0]
            assert set(place.body["effective"].get(str(key), ())) == effective
    if answered is not None:
        words = place.read_sentences()
        assert [one["text"] for one in place.body["sentences"] if one["text"] not in words] == []


def same_for_a_person(place: Place, asked: Asked) -> None:
    """Consent page, token and introspection; afterwards the page and the API, of whom they are by then."""
    town, q = place.town, asked.at(place)
    requested = set(asked.requested)
    model = Told(*town.arriving(asked.app, q, requested, place.admissions[asked.app]))
    browser = place.visitor(q)
    url, verifier = place.asks(asked.app, requested)
    ticked, refused, sealed = place.consent(browser, url)
    say("consent page", ticked, model, q)
    if sealed:
        assert refused == requested - ticked.given - ticked.waiting
    if not ticked.given:
        return
    token = place.token(browser, url, verifier, ticked.given, sealed)
    say("token", sorted(token.get("scope", "").split()), sorted(model.given), q)
    town.consents(q.subject)
    told = place.introspected(asked.app, token["access_token"])
    now = replace(q, at=timezone.now())
    after = Told(*town.granted(asked.app, now, requested))
    say("introspection", told, after, q)
    place.tokens += 1
    for ip in KNOWN[:2]:
        other = Told(*town.granted(asked.app, replace(now, ip=ip), set(ticked.given)))
        told = place.introspected(asked.app, token["access_token"], ip)
        say(f"introspection from {ip}", told and told.given, other.given, q)
    if town.open:
        same_on_page_and_api(place, asked)


def same_for_an_account(place: Place, asked: Asked) -> None:
    """A service account has no second factor: token and introspection, and the page."""
    town, q = place.town, asked.at(place)
    requested = set(asked.requested)
    model = Told(*town.granted(asked.app, q, requested))
    token = place.account_token(q.subject, asked.app, requested, q.ip)
    say("token", sorted(token.get("scope", "").split()), sorted(model.given), q)
    if "access_token" in token:
        place.tokens += 1
        say("introspection", place.introspected(asked.app, token["access_token"]).given, model.given, q)


def check(town: Town, asked: list[Asked], later: Asked) -> int:
    """Compare everything in one world. Returns how many tokens were issued in it."""
    with standing(town) as place:
        if place.town.open:
            same_on_page_and_api(place, later)
        for one in asked:
            if one.app not in place.credentials:
                continue  # archived: nobody asks for it
            {"user": same_for_a_person, "service_account": same_for_an_account}[one.kind](place, one)
        return place.tokens


def drawn(seed: int) -> tuple[Town, list[Asked], Asked]:
    """World number ``seed``: a town, who asks for tokens in it, and who is looked at, at another moment.

    In most towns nobody can have anything. So four of five are the richest of several, and those who ask are those
    for whom most comes of it; every fifth is left to chance.
    """
    pick = Random(seed)
    tries = [draw_askers(pick, draw_town(pick)) for _ in range(1 if seed % 5 == 0 else 12)]
    town, asked = max(tries, key=lambda one: [worth(so_far(one[0], NOW), each) for each in one[1]])
    return town, asked, draw_asked(pick, town, days=pick.choice([-7, -2, 0, 2, 5]))


def draw_askers(pick: Random, town: Town) -> tuple[Town, list[Asked]]:
    """The town and up to three different subjects who ask in it, the one with most to compare first."""
    might = [
        replace(
            one,
            ip=one.ip or pick.choice(KNOWN),
            age=one.age if one.kind == "user" and one.age != AGES[3] else None,
        )
        for one in (draw_asked(pick, town) for _ in range(12))
    ]
    present = so_far(town, NOW)
    asked = {one.subject: one for one in sorted(might, key=lambda one: worth(present, one))}
    return town, sorted(asked.values(), key=lambda one: worth(present, one), reverse=True)[:3]


def worth(town: Town, asked: Asked) -> tuple[bool, int]:
    """How much there is to compare: a token at all, and the different fates of what is asked for."""
    q = Question(asked.kind, asked.subject, NOW, None if asked.age is None else NOW - asked.age, asked.ip)
    requested = set(asked.requested)
    if asked.kind == "user":
        given, waiting = town.arriving(asked.app, q, requested, "anyone")
    else:
        given, waiting = town.granted(asked.app, q, requested)
    return bool(given), bool(given) + bool(waiting) + bool(requested - given - waiting)


def compare(seed: int) -> int:
    """Check a world: how many tokens were issued. A failure says its number and the smallest such world found."""
    town, asked, later = drawn(seed)
    try:
        return check(deepcopy(town), asked, later)
    except AssertionError as error:
        town, asked = smaller(town, asked, later)
        raise AssertionError(f"world {seed}: {error}\n\n{asked}\n{later}\n{town}") from error


def smaller(town: Town, asked: list[Asked], later: Asked) -> tuple[Town, list[Asked]]:
    """Take out what is not needed for a failure: questions, bindings, groups' people, names, one at a time."""

    def fails(town: Town, asked: list[Asked]) -> bool:
        try:
            check(deepcopy(town), asked, later)
        except AssertionError:
            return True
        except (KeyError, LookupError):
            return False
        return False

    for one in list(asked):
        rest = [other for other in asked if other is not one]
        if fails(town, rest):
            asked = rest
    for lists in (
        lambda t: [t.bindings],
        lambda t: [c.people for c in (*t.groups.values(), *t.accounts.values())],
    ):
        for number in range(len(lists(town))):
            for index in reversed(range(len(lists(town)[number]))):
                less = deepcopy(town)
                del lists(less)[number][index]
                if fails(less, asked):
                    town = less
    return town, asked


@pytest.mark.parametrize("block", range(5))
def test_all_roads_give_one_answer(block: int) -> None:
    n = sum(compare(seed) for seed in range(10 * block, 10 * block + 10))
    print("TOK", n)
    assert n >= TOKENS


@pytest.mark.long
@pytest.mark.parametrize("block", range(50))
def test_all_roads_give_one_answer_in_many_worlds(block: int) -> None:
    n = sum(compare(seed) for seed in range(10 * block, 10 * block + 10))
    print("TOK", n)
    assert n >= TOKENS


def _waiting_as_given(shown: dict[str, Any]) -> dict[str, Any]:
    return shown | {"scopes": [row | {"granted": row["granted"] and "active"} for row in shown["scopes"]]}


# Where each road speaks, and how it would say something else than the others.
LIES: dict[str, tuple[Any, str, Callable[[Any], Any]]] = {
    "naive model": (
        Town,
        "condition",
        lambda honest: lambda *asked: honest(*asked).replace("pending_step_up", "active"),
    ),
    "page": (
        track_rows,
        "state_of",
        lambda honest: lambda scope: (scope.granted and "active") or honest(scope),
    ),
    "API": (effective_access, "_application", lambda honest: lambda *told: _waiting_as_given(honest(*told))),
    "consent page": (wishes, "grouped", lambda honest: lambda asked: honest(list(asked)[1:])),
    "token": (
        gate,
        "grantable_scopes",
        lambda honest: lambda *a, **k: replace(found := honest(*a, **k), granted=found.granted[1:]),
    ),
    "introspection": (
        introspection,
        "STATEMENT",
        lambda honest: honest.replace("%s::inet", "nullif(%s, host(inet '203.0.113.9'))::inet"),
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("road", LIES)
def test_a_road_that_says_something_else_is_found(road: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, lie = LIES[road]
    monkeypatch.setattr(where, name, lie(getattr(where, name)))
    with pytest.raises(AssertionError):
        for seed in range(50):
            check(*drawn(seed))
