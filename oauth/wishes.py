"""What a client asks for, scope by scope, in words that a person can judge: the risky ones first."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from authz.models import Scope
from oauth.consent import Target
from tenants.plain_text import one_line

API_WORDS = {
    "api:read": ("Read your organizations through the management API", "medium"),
    "api:write": ("Change your organizations through the management API", "high"),
}
# OpenID Connect Core §5.4, in the words of who allows it.
IDENTITY_WORDS = {
    "openid": _lazy("Know that it is you: an identifier that is the same at each sign-in"),
    "profile": _lazy("See your name"),
    "email": _lazy("See your e-mail address"),
}
RISKS = {
    "critical": _lazy("Critical risk"),
    "high": _lazy("High risk"),
    "medium": _lazy("Medium risk"),
    "low": _lazy("Low risk"),
}
ONE_LIST = 8  # more than these are grouped by risk, and those of low risk folded
WHY = {
    "unsupported": _lazy("%(application)s has no such scope."),
    "outside_ip": _lazy("%(tenant)s gives it at certain network addresses only; yours is not one of them."),
    "missing_context": _lazy("%(tenant)s gives it at certain network addresses only; yours is not known."),
    "not_yet": _lazy("%(tenant)s gives you this at a later date."),
    "expired": _lazy("%(tenant)s had given you this; it has expired."),
    "ended": _lazy("%(tenant)s had given you this and has taken it back."),
    "client_limited": _lazy("%(tenant)s gives you this, but does not let %(client)s have it."),
}


@dataclass(frozen=True)
class Wish:
    """One scope that was asked for, in plain words, with why it is not given where it isn't."""

    name: str
    words: str
    risk: str = ""
    why: str = ""


@dataclass(frozen=True)
class Group:
    """Wishes under one heading; without a title it is the only one."""

    wishes: list[Wish]
    risk: str = ""
    title: str = ""
    folded: bool = False


def described(target: Target | None, names: Iterable[str]) -> dict[str, Wish]:
    """What these scopes mean in the Application's words, by name; the bare name where it has none. One statement,
    inside the tenant's context. ``target`` None: the management API's.
    """
    if target is None:
        return {name: Wish(name, *API_WORDS[name]) for name in names}
    rows = Scope.objects.filter(
        tenant_id=target.tenant_id,
        application_id=target.application_id,
        name__in=list(names),
        ended_at__isnull=True,
    )
    found = {row.name: Wish(row.name, one_line(row.description) or row.name, row.risk) for row in rows}
    return {name: found.get(name, Wish(name, name)) for name in names}


def identity_wish(name: str) -> Wish:
    """An OpenID Connect scope."""
    return Wish(name, str(IDENTITY_WORDS[name]))


def not_given(wish: Wish, reason: str, **facts: str) -> Wish:
    """Name the term that removed a scope; never a bare no. ``facts``: application, tenant and client."""
    why = WHY.get(reason) or _("%(tenant)s has not given you this, so %(client)s cannot have it.")
    return Wish(wish.name, wish.words, wish.risk, str(why) % facts)


def by_risk(wishes: Iterable[Wish]) -> list[Wish]:
    """The riskiest first, so that a long list hides nothing at its end; by name within a risk."""
    order = {risk: number for number, risk in enumerate(RISKS)}
    return sorted(wishes, key=lambda wish: (order.get(wish.risk, len(order)), wish.name))


def told(wishes: Iterable[Wish]) -> list[list[str]]:
    """As a session keeps them, the riskiest first: words, name and risk of each."""
    return [[wish.words, wish.name, wish.risk] for wish in by_risk(wishes)]


def grouped(wishes: Iterable[Wish]) -> list[Group]:
    """One list, or where it would be long one for each risk, the low one folded."""
    ordered = by_risk(wishes)
    if len(ordered) <= ONE_LIST:
        return [Group(ordered)] if ordered else []
    found = [
        Group([wish for wish in ordered if wish.risk == risk], risk, str(title), folded=risk == "low")
        for risk, title in RISKS.items()
    ]
    return [group for group in found if group.wishes]
