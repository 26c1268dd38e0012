"""Words and marks of every state a pill can show, and of every fact a badge can show."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class State:
    """word, tone (ok, wait, stop, info, mute, plain) and Lucide icon ("" = a dot)."""

    word: str | Promise
    tone: str
    icon: str = ""


STATES = {
    "active": State(_("Active"), "ok"),
    "granted": State(_("Granted"), "ok", "check"),
    "enabled": State(_("Enabled"), "ok"),
    "approved": State(_("Approved"), "ok", "check"),
    "verified": State(_("Verified"), "ok", "check"),
    "done": State(_("Done"), "ok", "check"),
    "pending_step_up": State(_("Needs step-up"), "wait", "fingerprint"),
    "outside_ip": State(_("Not met: address"), "wait", "map-pin"),
    "missing_context": State(_("Missing context"), "wait", "help"),
    "pending": State(_("Pending"), "wait", "hourglass"),
    "unverified": State(_("Unverified"), "wait", "circle-alert"),
    "not_yet": State(_("Not yet"), "info", "hourglass"),
    "invited": State(_("Invited"), "info", "mail"),
    "running": State(_("Running"), "info", "loader-circle"),
    "ending_soon": State(_("Ending soon"), "wait", "clock"),
    "never_gives": State(_("Gives nothing"), "plain", "minus"),
    "live": State(_("Live"), "ok"),
    "archived": State(_("Archived"), "mute", "archive"),
    "expired": State(_("Expired"), "mute", "clock"),
    "ended": State(_("Ended"), "mute", "circle-slash"),
    "left": State(_("Left"), "mute", "log-out"),
    "revoked": State(_("Revoked"), "mute", "circle-slash"),
    "withdrawn": State(_("Withdrawn"), "mute", "undo-2"),
    "disabled": State(_("Disabled"), "mute", "power-off"),
    "queued": State(_("Queued"), "mute", "clock"),
    "cancelled": State(_("Cancelled"), "mute", "circle-slash"),
    "closed": State(_("Closed"), "mute", "lock"),
    "unsupported": State(_("Unsupported"), "plain", "minus"),
    "not_granted": State(_("Not granted"), "plain", "minus"),
    "not_asked": State(_("Not asked for"), "plain", "minus"),
    "suspended": State(_("Suspended"), "stop", "ban"),
    "denied": State(_("Denied"), "stop", "circle-x"),
    "failed": State(_("Failed"), "stop", "circle-alert"),
}


def state_of(key: object) -> State:
    """The State of a key; an unknown key shows as a quiet word rather than failing a page."""
    name = str(getattr(key, "value", key) or "")
    return STATES.get(name) or State(name.replace("_", " ").capitalize(), "mute")


# kind of badge → icon, is it a condition (dashed)
BADGES = {
    "direct": ("user", False),
    "group": ("users-round", False),
    "service-account": ("bot", False),
    "plan": ("layers", False),
    "scim": ("folder-sync", False),
    "oidc": ("log-in", False),
    "hand": ("user", False),
    "role": ("shield-check", False),
    "system": ("lock", False),
    "mfa": ("fingerprint", True),
    "address": ("map-pin", True),
    "ends": ("calendar-clock", True),
    "not-before": ("hourglass", True),
}
BADGE_WORDS = {
    "direct": _("direct"),
    "group": _("group"),
    "service-account": _("service account"),
    "plan": _("plan"),
    "scim": _("SCIM"),
    "oidc": _("OIDC"),
    "hand": _("by hand"),
    "system": _("system"),
    "you": _("you"),
    "default": _("default"),
}

RISKS = {
    "low": _("low risk"),
    "medium": _("medium risk"),
    "high": _("high risk"),
    "critical": _("critical risk"),
}
