"""Browsers that are not asked for the second factor, as rows: each can be looked at and forgotten by itself.

allauth keeps such trust in a signed cookie alone, which nobody can list and which stays good wherever it is copied to.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.mfa.internal.flows.trust import create_config_fingerprint
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone

from authsec.database.context import system_context
from authsec.secrets import digest, new_secret
from tenants.models import TrustedBrowser
from tenants.sessions import LONGEST_AGENT, SPARED, Device


class SecondFactorStage(AuthenticateStage):
    """allauth's question for the second factor, which a trusted browser is spared."""

    def _should_handle(self, request: Any) -> bool:
        if not super()._should_handle(request):
            return False
        spared = note_trusted_use(request, self.login.user, now=timezone.now())
        request.session[SPARED] = spared
        return not spared


@dataclass(frozen=True)
class OwnBrowser:
    """A browser that a person trusts. ``present``: the one that asks."""

    id: UUID
    device: Device
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime
    present: bool


def trust(request: Any, user: Any, response: HttpResponse, *, now: datetime) -> None:
    """Trust the browser of this request for MFA_TRUST_COOKIE_AGE.

    It gets a new cookie: one that somebody planted here beforehand opens nothing. Others who use the same browser
    are taken along.
    """
    cookie = new_secret()
    _of_browser(request).update(cookie_digest=digest(cookie))
    TrustedBrowser.objects.filter(identity=user, cookie_digest=digest(cookie)).delete()
    TrustedBrowser.objects.create(
        identity=user,
        cookie_digest=digest(cookie),
        fingerprint=create_config_fingerprint(user),
        agent=request.headers.get("User-Agent", "")[:LONGEST_AGENT],
        created_at=now,
        expires_at=now + timedelta(seconds=settings.MFA_TRUST_COOKIE_AGE),
    )
    response.set_cookie(
        settings.MFA_TRUST_COOKIE_NAME,
        cookie,
        max_age=settings.MFA_TRUST_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def is_trusted(request: Any, user: Any, *, now: datetime) -> bool:
    """Whether this person trusts the browser of the request."""
    return _trusted(user, now).filter(pk__in=_of_browser(request).values("pk")).exists()


def note_trusted_use(request: Any, user: Any, *, now: datetime) -> bool:
    """As :func:`is_trusted`, at sign-in: it is written down that the browser was spared the question."""
    trusted = _trusted(user, now).filter(pk__in=_of_browser(request).values("pk"))
    return bool(trusted.update(last_used_at=now))


def browsers_of(request: Any, *, now: datetime) -> list[OwnBrowser]:
    """The browsers that the person of the request trusts, the newest first."""
    cookie = digest(_cookie(request))
    return [
        OwnBrowser(
            row.pk,
            Device(row.agent),
            row.created_at,
            row.last_used_at,
            row.expires_at,
            row.cookie_digest == cookie,
        )
        for row in _trusted(request.user, now).order_by("-created_at")
    ]


def forget(*, identity_id: UUID, browser_id: UUID | None = None) -> int:
    """Trust one of a person's browsers no longer, or none of them. Returns how many were forgotten."""
    rows = TrustedBrowser.objects.filter(identity_id=identity_id)
    forgotten, _ = (rows.filter(pk=browser_id) if browser_id else rows).delete()
    return forgotten


def forget_this(request: Any) -> int:
    """Trust the browser of this request no longer. Returns how many were forgotten: one, or none."""
    return _of_browser(request).filter(identity=request.user).delete()[0]


def delete_expired(*, now: datetime) -> int:
    """Delete what is over. Returns how many."""
    with system_context():
        return TrustedBrowser.objects.filter(expires_at__lt=now).delete()[0]


def _cookie(request: Any) -> str:
    return str(request.COOKIES.get(settings.MFA_TRUST_COOKIE_NAME, ""))


def _of_browser(request: Any) -> QuerySet[TrustedBrowser]:
    cookie = _cookie(request)
    rows = TrustedBrowser.objects.filter(cookie_digest=digest(cookie))
    return rows if cookie else rows.none()


def _trusted(user: Any, now: datetime) -> QuerySet[TrustedBrowser]:
    """Given since the person last changed how they sign in, and not over."""
    return TrustedBrowser.objects.filter(
        identity=user, fingerprint=create_config_fingerprint(user), expires_at__gt=now
    )
