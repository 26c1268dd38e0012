"""Scopes as an Application declares them: their shape, checked field by field."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from authz.models import Application, Scope
from authz.refusals import Findings

# RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")
# Answered by the server itself, never an entitlement (Rule 5).
RESERVED_SCOPES = {"openid", "profile", "email", "address", "phone", "offline_access"}
MAX_SCOPES = 200


@dataclass(frozen=True)
class ScopeSpec:
    """One scope as the Application declares it. ``risk``: low, medium, high or critical."""

    name: str
    description: str = ""
    risk: str = Scope.Risk.LOW.value
    is_default: bool = False


def checked_scopes(scopes: Sequence[ScopeSpec]) -> list[ScopeSpec]:
    """The scopes with trimmed words; raises Refused with ``scopes`` or ``scopes.<n>.<field>`` (n from 0)."""
    findings = Findings()
    seen: set[str] = set()
    checked = []
    if len(scopes) > MAX_SCOPES:
        findings.add("scopes", f"At most {MAX_SCOPES} scopes.")
    for index, spec in enumerate(scopes[:MAX_SCOPES]):
        at = f"scopes.{index}"
        if not SCOPE_TOKEN.fullmatch(spec.name):
            findings.add(f"{at}.name", "Letters, digits and signs without blanks, quotes or backslashes.")
        if spec.name in RESERVED_SCOPES:
            findings.add(f"{at}.name", f"{spec.name} belongs to OpenID Connect.")
        if spec.name in seen:
            findings.add(f"{at}.name", f"{spec.name} is there twice.")
        if spec.risk not in Scope.Risk.values:
            findings.add(f"{at}.risk", "One of low, medium, high, critical.")
        seen.add(spec.name)
        words = findings.text(f"{at}.description", spec.description, 300, required=False)
        checked.append(ScopeSpec(spec.name, words, str(spec.risk), bool(spec.is_default)))
    findings.stop()
    return checked


def scope_row(application: Application, spec: ScopeSpec, now: datetime) -> Scope:
    """A scope as a new row, not saved yet."""
    return Scope(tenant_id=application.tenant_id, application=application, created_at=now, **asdict(spec))
