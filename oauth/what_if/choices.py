"""What can be chosen in the lists of *what if*: of whom and what it is asked, by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.translation import gettext as _

from authz.conditions import as_json
from authz.effective.subject import Subject
from authz.models import Binding, Group, Role, ServiceAccount
from authz.what_if.held import Held, Moment, Reading, Way, Who, read
from endusers.models import PlanTier
from tenants.models import MemberType

MOST = 200  # choices of one list; what is beyond it is tried out from its own page
Choices = list[tuple[str, str]]
STEP_UP = {"mfa_required": True, "mfa_max_age_s": 12 * 3_600}
SPANS = {"4h": timedelta(hours=4), "1w": timedelta(weeks=1)}


@dataclass(frozen=True)
class Asked:
    """Whom and what the lists are about, as seen at ``when``. ``subject`` None: the tenant's own lists."""

    tenant_id: UUID
    subject: Subject | None
    reading: Reading
    when: Moment
    now: datetime

    @property
    def held(self) -> Held | None:
        """What reaches the subject."""
        return self.reading.held.get(self.subject.id) if self.subject else None

    def ways(self) -> list[Way]:
        """Every way by which anything reaches the subject, each binding once."""
        held = [*self.held.scopes.values(), *self.held.console.values()] if self.held else []
        found = {(way.binding_id, way.source_id): way for holding in held for way in holding.ways}
        return sorted(found.values(), key=lambda way: (way.role_name, str(way.binding_id)))

    def named(self, model: type[Model], source: str) -> Choices:
        """What reaches the subject of this source, or without a subject the tenant's live rows."""
        if self.subject is None:
            return live(self.tenant_id, model)
        return sorted(
            {(str(w.source_id), w.source_name) for w in self.ways() if w.source == source},
            key=lambda choice: choice[1].lower(),
        )


def question(tenant_id: UUID, subject: Subject | None, when: Moment, now: datetime) -> Asked:
    """What the lists are made from. Four statements."""
    who = Who((subject.id,), (subject.id,)) if subject else Who()
    return Asked(tenant_id, subject, read(tenant_id=tenant_id, who=who, when=when), when, now)


def live(tenant_id: UUID, model: Any) -> Choices:
    """The tenant's rows of a kind that stand, by name."""
    rows = model.objects.filter(tenant_id=tenant_id, ended_at=None).order_by("name")
    return [(str(key), name) for key, name in rows.values_list("pk", "name")[:MOST]]


def _applications(asked: Asked) -> Iterable[tuple[UUID, Any]]:
    return asked.reading.applications.items()


def groups(asked: Asked) -> Choices:
    """The groups that somebody is in, or all."""
    return asked.named(Group, "group")


def other_groups(asked: Asked) -> Choices:
    """The groups that they are not in."""
    inside = {key for key, _name in asked.named(Group, "group")}
    return [choice for choice in live(asked.tenant_id, Group) if choice[0] not in inside]


def roles(asked: Asked) -> Choices:
    """Own roles that reach the subject, or all of them."""
    rows = Role.objects.filter(tenant_id=asked.tenant_id, ended_at=None, system_key="").order_by("name")
    if asked.subject:
        rows = rows.filter(pk__in={way.role_id for way in asked.ways()})
    return [(str(key), name) for key, name in rows.values_list("pk", "name")[:MOST]]


def all_roles(asked: Asked) -> Choices:
    """Every role."""
    return live(asked.tenant_id, Role)


def role_scopes(asked: Asked) -> Choices:
    """*role scope*, for the scopes that roles give the subject."""
    if asked.held is None:
        return []
    found = {
        (f"{way.role_id} {name}", f"{name} of {way.role_name}")
        for (_place, name), holding in asked.held.scopes.items()
        for way in holding.ways
    }
    return sorted(found, key=lambda choice: choice[1])


def scopes(asked: Asked) -> Choices:
    """*application scope*, for what reaches the subject, or for everything."""
    return [
        (f"{key} {name}", f"{name} of {one.name}")
        for key, one in _applications(asked)
        for name in sorted(one.scopes)
        if asked.held is None or (key, name) in asked.held.scopes
    ][:MOST]


def bindings(asked: Asked) -> Choices:
    """What reaches them, each binding with its place and its way."""
    names = {key: one.name for key, one in _applications(asked)}
    return [
        (
            str(way.binding_id),
            f"{way.role_name}, {names.get(way.application_id, '') if way.application_id else _('tenant-wide')}"
            f"{'' if way.source == 'direct' else f', through {way.source_name}'}",
        )
        for way in asked.ways()
    ]


def tiers(asked: Asked) -> Choices:
    """Every plan tier but theirs."""
    rows = PlanTier.objects.filter(tenant_id=asked.tenant_id, ended_at=None).order_by("name")
    mine = asked.subject.plan_tier if asked.subject else None
    return [(key, name) for key, name in rows.values_list("key", "name") if name != mine]


def accounts(asked: Asked) -> Choices:
    """The accounts that they operate, or the one that it is about."""
    if asked.subject and asked.subject.kind == "service_account":
        return [(str(asked.subject.id), asked.subject.name)]
    return asked.named(ServiceAccount, "service-account")


def applications(asked: Asked) -> Choices:
    """The Applications that are enabled."""
    return [(str(key), one.name) for key, one in _applications(asked) if one.enabled]


def types(asked: Asked) -> Choices:
    """Every member type but the one that they have."""
    mine = asked.subject.member_type if asked.subject else None
    return [(key, str(label)) for key, label in MemberType.choices if key != mine]


def places(asked: Asked, _role: str) -> Choices:
    """Where a role can count."""
    return [("", _("tenant-wide")), *((str(key), one.name) for key, one in _applications(asked))]


def terms(asked: Asked, binding_id: str) -> Choices:
    """What can be changed of a binding's terms, one at a time: the keys of :func:`new_terms`."""
    found = _binding(asked, binding_id)
    if found is None:
        return []
    ip = asked.when.ip
    said = [
        ("no_mfa", _("no second factor"))
        if found.requires_mfa
        else ("mfa", _("a second factor within 12 hours")),
        ("4h", _("an end in 4 hours")),
        ("1w", _("an end in a week")),
    ]
    if found.expires_at:
        said.append(("never", _("no end")))
    if found.ip_ranges:
        said.append(("anywhere", _("any address")))
    elif ip:
        said.append(("here", _("only from %s") % ip))
    return said


def new_terms(asked: Asked, binding_id: str, key: str) -> dict[str, Any]:
    """The members of a change of a binding's terms: all of its conditions anew, or its end."""
    found = _binding(asked, binding_id)
    if found is None:
        return {}
    if key in SPANS or key == "never":
        return {"expires_at": (asked.now + SPANS[key]).isoformat() if key in SPANS else None}
    kept = as_json(found)
    without = {"no_mfa": ("mfa_required", "mfa_max_age_s"), "anywhere": ("allowed_ip_cidrs",)}.get(key, ())
    news: dict[str, dict[str, Any]] = {"mfa": STEP_UP, "here": {"allowed_ip_cidrs": [asked.when.ip]}}
    return {
        "conditions": {name: value for name, value in kept.items() if name not in without} | news.get(key, {})
    }


def _binding(asked: Asked, binding_id: str) -> Binding | None:
    try:
        key = UUID(binding_id)
    except ValueError:
        return None
    return Binding.objects.filter(tenant_id=asked.tenant_id, pk=key, ended_at=None).first()
