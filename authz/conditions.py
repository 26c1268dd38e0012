"""The conditions of a binding as people and programs give them: checked, never dropped silently."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from authsec.web.addresses import read_network
from authsec.web.parameters import in_utc
from authz.models import MFA_MAX_AGE, Binding
from authz.refusals import Findings

KEYS = ("mfa_required", "mfa_max_age_s", "allowed_ip_cidrs", "not_before")
MAX_MFA_MAX_AGE_S = 10 * 366 * 86_400
MAX_RANGES = 50


@dataclass(frozen=True)
class Conditions:
    """When a binding counts. ``mfa_max_age_s``: seconds, None for 30 days. ``allowed_ip_cidrs``: networks as text."""

    mfa_required: bool = False
    mfa_max_age_s: int | None = None
    allowed_ip_cidrs: tuple[str, ...] = ()
    not_before: datetime | None = None


def from_json(given: Mapping[str, Any] | None) -> Conditions:
    """Conditions from an API body whose values are parsed already (``not_before`` a datetime or RFC 3339 text).

    Raises Refused with ``conditions.<key>`` for an unknown key or a value of the wrong type.
    """
    findings = Findings()
    given = given or {}
    if not isinstance(given, Mapping):
        findings.add("conditions", "An object.")
        findings.stop()
    for key in given.keys() - set(KEYS):
        findings.add(f"conditions.{key}", f"Unknown condition. Known are {', '.join(KEYS)}.")
    required = given.get("mfa_required") or False
    age = given.get("mfa_max_age_s")
    ranges = given.get("allowed_ip_cidrs") or ()
    if not isinstance(required, bool):
        findings.add("conditions.mfa_required", "true or false.")
    if age is not None and (isinstance(age, bool) or not isinstance(age, int)):
        findings.add("conditions.mfa_max_age_s", "A whole number of seconds.")
    if (
        isinstance(ranges, str)
        or not isinstance(ranges, Sequence)
        or not all(isinstance(r, str) for r in ranges)
    ):
        findings.add("conditions.allowed_ip_cidrs", "A list of address ranges as text.")
    not_before = _moment(given.get("not_before"), findings)
    findings.stop()
    return Conditions(required, age, tuple(ranges), not_before)


def conditions_of(binding: Binding) -> Conditions:
    """A binding's conditions as the verbs take them."""
    age = int(binding.mfa_max_age.total_seconds()) if binding.requires_mfa else None
    ranges = tuple(str(network) for network in binding.ip_ranges or ())
    return Conditions(binding.requires_mfa, age, ranges, binding.not_before)


def as_json(binding: Binding) -> dict[str, Any]:
    """A binding's conditions in the API's shape; only those that are set."""
    said: dict[str, Any] = {}
    if binding.requires_mfa:
        said |= {"mfa_required": True, "mfa_max_age_s": int(binding.mfa_max_age.total_seconds())}
    if binding.ip_ranges:
        said["allowed_ip_cidrs"] = [str(network) for network in binding.ip_ranges]
    if binding.not_before:
        said["not_before"] = binding.not_before.isoformat()
    return said


def columns(conditions: Conditions, findings: Findings) -> dict[str, Any]:
    """The Binding's columns for these conditions, noting what is wrong under ``conditions.<key>``."""
    age = conditions.mfa_max_age_s
    if age is not None and not conditions.mfa_required:
        findings.add("conditions.mfa_max_age_s", "Only together with mfa_required.")
    if age is not None and not 60 <= age <= MAX_MFA_MAX_AGE_S:
        findings.add("conditions.mfa_max_age_s", "Between one minute and ten years.")
        age = None
    if conditions.not_before is not None and conditions.not_before.tzinfo is None:
        findings.add("conditions.not_before", "A time with its zone.")
    networks: list[str] = []
    if len(conditions.allowed_ip_cidrs) > MAX_RANGES:
        findings.add("conditions.allowed_ip_cidrs", f"At most {MAX_RANGES} ranges.")
    for text in conditions.allowed_ip_cidrs[:MAX_RANGES]:
        try:
            network = str(read_network(text))
        except ValueError as error:
            findings.add("conditions.allowed_ip_cidrs", _about_range(text, error))
            continue
        if network not in networks:
            networks.append(network)
    return {
        "requires_mfa": conditions.mfa_required,
        "mfa_max_age": MFA_MAX_AGE if age is None else timedelta(seconds=age),
        "ip_ranges": networks or None,
        "not_before": conditions.not_before,
    }


def _about_range(text: str, error: ValueError) -> str:
    shown = "".join(sign for sign in text.strip()[:60] if sign.isprintable())
    if "host bits" in str(error):
        around = ip_network(text.strip(), strict=False)
        one = f"{ip_address(text.strip().partition('/')[0])}/{around.max_prefixlen}"
        return (
            f"{shown} names one address inside a range: write {around} for the range, {one} for the address."
        )
    return f"{shown} is not an address range, such as 203.0.113.0/24 or 2001:db8::/32."


def _moment(value: Any, findings: Findings) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        findings.add("conditions.not_before", "A time as RFC 3339 has it, such as 2026-12-01T09:00:00Z.")
        return None
    try:
        return in_utc(moment)
    except ValueError as error:
        findings.add("conditions.not_before", str(error))
        return None
