"""One person's sessions as they see them: which browser, from where, since when, how signed in. And ending them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count
from ua_parser import parse_os, parse_user_agent

from authsec.sessions import SIGNED_IN_AT, SessionStore, sid_of
from tenants.models import Session
from tenants.signin import SignIn, sign_in_of

DEVICE = "device"  # in the session: the browser's own words, and its address, at sign-in
SPARED = "second_factor_spared"  # in the session: a trusted browser was not asked
LONGEST_AGENT = 400  # characters; the words that matter come early
FAMILIES = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "HeadlessChrome": "Chrome",
    "Mac OS X": "macOS",
    "Chrome OS": "ChromeOS",
}
HANDHELD = ("iOS", "Android", "HarmonyOS")
UNKNOWN = "Unknown device"


@dataclass(frozen=True)
class Device:
    """A browser in words. ``agent``: what it said of itself, cut to LONGEST_AGENT characters."""

    agent: str

    @property
    def words(self) -> str:
        """``Firefox on Windows``, as far as it can be told."""
        browser, system = parse_user_agent(self.agent), parse_os(self.agent)
        known = [FAMILIES.get(each.family, each.family) for each in (browser, system) if each]
        return " on ".join(known) or UNKNOWN

    @property
    def icon(self) -> str:
        """The Lucide icon of its kind."""
        system = parse_os(self.agent)
        return "smartphone" if system and system.family in HANDHELD else "monitor"


@dataclass(frozen=True)
class OwnSession:
    """A live session. ``began_from`` and ``address``: where it signed in, and was used from last.

    ``last_active_at`` is exact to a minute (``authsec.sessions.PUT_OFF_EVERY``). ``trusted``: the second factor was
    spared, because the browser was trusted.
    """

    sid: UUID
    device: Device
    began_from: str | None
    address: str | None
    signed_in_at: datetime | None
    last_active_at: datetime
    ends_at: datetime
    sign_in: SignIn
    trusted: bool
    present: bool


def note_device(request: Any) -> None:
    """Write down at sign-in with what and from where it happens; a session that no request began has no address."""
    request.session[DEVICE] = {
        "agent": request.headers.get("User-Agent", "")[:LONGEST_AGENT],
        "address": getattr(request, "client_ip", None),
    }


def sessions_of(identity_id: UUID, *, present: UUID | None, now: datetime) -> list[OwnSession]:
    """The person's live sessions: the ``present`` one first, then the last used. One statement."""
    rows = Session.objects.filter(identity_id=identity_id, expire_date__gt=now).order_by("-last_active_at")
    store, shown = SessionStore(), {}
    for row in rows:
        data = store.decode(row.session_data)
        sid = sid_of(data)
        if sid and sid not in shown:  # a key that is changed at this moment has two rows
            shown[sid] = _shown(row, data, sid, present)
    return sorted(shown.values(), key=lambda session: not session.present)


def count_others(identity_id: UUID, *, present: UUID | None, now: datetime) -> int:
    """How many other live sessions the person has."""
    rows = Session.objects.filter(identity_id=identity_id, expire_date__gt=now).exclude(sid=present)
    return int(rows.aggregate(number=Count("sid", distinct=True))["number"])


def _shown(row: Session, data: dict[str, Any], sid: UUID, present: UUID | None) -> OwnSession:
    noted, began = data.get(DEVICE, {}), data.get(SIGNED_IN_AT)
    sign_in = sign_in_of(data)
    return OwnSession(
        sid,
        Device(noted.get("agent", "")),
        noted.get("address"),
        row.address or noted.get("address"),
        datetime.fromtimestamp(began, UTC) if began else None,
        row.last_active_at,
        row.expire_date,
        sign_in,
        bool(data.get(SPARED)) and sign_in.mfa_at is None,
        sid == present,
    )
