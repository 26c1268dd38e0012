"""Changes as JSON: how the API, a link and a job name them. Whatever is unknown or wrong is refused with its field."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.web.parameters import in_utc, parse_uuid
from authz import conditions
from authz.conditions import Conditions
from authz.refusals import Findings, Refused
from authz.scopes import ScopeSpec
from authz.what_if.changes.base import KINDS, Change
from authz.what_if.changes.bindings import Bind, ChangeBinding
from endusers.models import PlanTier

MOST = 500
TERMS = ("conditions", "expires_at", "reason")
SPEC = ("name", "description", "risk", "is_default")


class Wrong(ValueError):
    """What is wrong with one member; the text says it."""


def from_json(tenant_id: UUID, given: Any) -> Change:
    """The change that ``{"kind": …, …}`` names. Raises Refused: ``kind``, or the member that is unknown or wrong."""
    if not isinstance(given, Mapping):
        raise Refused({"": "An object with a kind."})
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refused({"kind": f"One of {', '.join(sorted(KINDS))}."})
    members = {name: value for name, value in given.items() if name != "kind"}
    cls = KINDS[kind]
    if cls is ChangeBinding:
        terms = {name: members.pop(name) for name in TERMS if name in members}
        read = _read(cls, members, leave=("given",))
        return cls(**read, given=_terms(terms))
    if cls is Bind and "plan_tier" in members:
        members["plan_tier_id"] = _tier(tenant_id, members.pop("plan_tier"))
    return cls(**_read(cls, members))


def to_json(change: Change) -> dict[str, Any]:
    """What :func:`from_json` reads as this change."""
    said: dict[str, Any] = {"kind": change.kind}
    values = {one.name: getattr(change, one.name) for one in fields(change)}
    values |= values.pop("given", {})
    said |= {name: _plain(value) for name, value in values.items() if value not in (None, ())}
    if isinstance(change, ChangeBinding) and "expires_at" in change.given:
        said["expires_at"] = _plain(change.given["expires_at"])
    for name in ("scopes", "console_permissions", "tenant_groups"):
        if values.get(name) == ():
            said[name] = []  # nothing, which is not the same as: as it is
    return said


def _read(cls: type[Change], given: Mapping[str, Any], leave: tuple[str, ...] = ()) -> dict[str, Any]:
    findings, read = Findings(), {}
    known = {one.name: one for one in fields(cls) if one.name not in leave}
    for name in given.keys() - known.keys():
        findings.add(name, f"There is no member {name}. Known are {', '.join(known)}.")
    for name, field in known.items():
        value = given.get(name)
        if value is None:
            if _required(field):
                findings.add(name, "This is required.")
            continue
        try:
            read[name] = _reader(cls, name)(value)
        except Refused as error:
            for where, text in error.errors.items():
                findings.add(where, text)
        except ValueError as error:
            findings.add(name, str(error) if isinstance(error, Wrong) else "This can't be read.")
    findings.stop()
    return read


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _reader(cls: type[Change], name: str) -> Callable[[Any], Any]:
    if name == "scopes" and cls.kind == "set_scopes":
        return _specs
    return READERS[name]


def _terms(given: Mapping[str, Any]) -> dict[str, Any]:
    terms: dict[str, Any] = {}
    if "conditions" in given:
        terms["conditions"] = conditions.from_json(given["conditions"])
    if "expires_at" in given:
        try:
            terms["expires_at"] = None if given["expires_at"] is None else _moment(given["expires_at"])
        except Wrong as error:
            raise Refused({"expires_at": str(error)}) from error
    if "reason" in given:
        try:
            terms["reason"] = _text(given["reason"])
        except Wrong as error:
            raise Refused({"reason": str(error)}) from error
    return terms


def _tier(tenant_id: UUID, key: Any) -> str:
    if not isinstance(key, str) or "\x00" in key:
        raise Refused({"plan_tier": "A plan tier’s key."})
    found = PlanTier.objects.filter(tenant_id=tenant_id, key=key).values_list("pk", flat=True).first()
    if found is None:
        raise Refused({"plan_tier": "There is no such plan tier here."})
    return str(found)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Conditions):
        return _conditions(value)
    if isinstance(value, ScopeSpec):
        return asdict(value)
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _conditions(value: Conditions) -> dict[str, Any]:
    said: dict[str, Any] = {"mfa_required": True} if value.mfa_required else {}
    if value.mfa_max_age_s is not None:
        said["mfa_max_age_s"] = value.mfa_max_age_s
    if value.allowed_ip_cidrs:
        said["allowed_ip_cidrs"] = list(value.allowed_ip_cidrs)
    return said | ({"not_before": value.not_before.isoformat()} if value.not_before else {})


def _uuid(value: Any) -> UUID:
    try:
        return parse_uuid(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise Wrong("An id is a UUID.") from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise Wrong("Text.")
    return value


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError) as error:
        raise Wrong("A time as in 2026-12-01T09:00:00Z.") from error
    try:
        return in_utc(moment)
    except ValueError as error:
        raise Wrong(str(error)) from error


def _list(value: Any, read: Callable[[Any], Any]) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise Wrong("A list.")
    if len(value) > MOST:
        raise Wrong(f"At most {MOST}.")
    return tuple(read(one) for one in value)


def _spec(value: Any) -> ScopeSpec:
    if isinstance(value, str):
        return ScopeSpec(_text(value))
    if not isinstance(value, Mapping) or value.keys() - set(SPEC) or "name" not in value:
        raise Wrong(f"Each a name, or an object of {', '.join(SPEC)}.")
    words = {name: _text(value[name]) for name in SPEC[:3] if name in value}
    return ScopeSpec(**words, is_default=value.get("is_default") is True)


def _specs(value: Any) -> tuple[Any, ...]:
    return _list(value, _spec)


def _texts(value: Any) -> tuple[Any, ...]:
    return _list(value, _text)


def _uuids(value: Any) -> tuple[Any, ...]:
    return _list(value, _uuid)


READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("user_id", "group_id", "role_id", "binding_id", "application_id"), _uuid),
    **dict.fromkeys(("service_account_id", "plan_tier_id"), _uuid),
    **dict.fromkeys(("type", "plan_tier", "name", "description", "reason"), _text),
    **dict.fromkeys(("emails", "scopes", "console_permissions", "tenant_groups", "withdrawn"), _texts),
    **dict.fromkeys(("added",), _texts),
    "user_ids": _uuids,
    "declared": _specs,
    "conditions": conditions.from_json,
    "expires_at": _moment,
}
