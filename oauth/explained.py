"""One token explained: the decision that was made when it was issued, beside what introspection says of it now."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from authsec.secrets import digest
from authsec.web import clock
from authsec.web.parameters import parse_uuid
from authz.effective.comparison import compare
from authz.effective.comparison_words import sentence
from authz.effective.explanation import explain
from authz.models import Application, ServiceAccount
from endusers.models import EndUser
from oauth import trial
from oauth.models import AccessToken, Client, ClientApproval, Consent, Decision
from oauth.reasons import INACTIVE, Reason, reason_of
from tenants.models import Membership

GONE = {
    "expired": INACTIVE["expired"],
    "revoked": Reason(
        "Revoked",
        "It was revoked before its time, which deletes it: by its client, by whom it is for, by an operator, or "
        "because a code or refresh token of its family was used twice.",
    ),
}
MANAGEMENT = (
    "This is a token of the management API (a JWT, RFC 9068): it is for this server itself, carries who its bearer is "
    "in which tenant, and no Application ever asks about it. Console permissions decide what it can do: see the "
    "bearer’s Effective Access."
)
SIGNED_IN = (
    "This is an id_token (OpenID Connect): it tells a client who signed in, and opens nothing. No Application asks "
    "about it."
)


@dataclass(frozen=True)
class ScopeNow:
    """One scope on its way: whether it was asked for, entitled, supported and granted at issue, or waited for a second
    factor; whether a token answers with it ``now``; and why that differs, in sentences.
    """

    name: str
    requested: bool
    entitled: bool
    supported: bool
    granted: bool
    pending: bool
    now: bool
    waits_now: bool
    reasons: tuple[str, ...] = ()

    @property
    def lost(self) -> bool:
        return self.granted and not self.now


@dataclass(frozen=True)
class Explained:
    """What the tenant knows of one of its tokens. ``token`` None: the row is gone, by its end or by revocation;
    ``decision`` None: it was made before decisions were kept, or they are older than what is kept.

    ``answer``: what the Application hears now, byte for byte. ``reason`` says why; ``detail`` since when, and by whom.
    """

    id: UUID
    token: AccessToken | None
    decision: Decision | None
    application: Application
    client_name: str
    subject: str
    answer: str
    active: bool
    why: str
    reason: Reason
    detail: str
    scopes: tuple[ScopeNow, ...]

    @property
    def made_at(self) -> datetime:
        """When it was issued."""
        made: datetime = self.decision.at if self.decision else self.fact.created
        return made

    @property
    def fact(self) -> Any:
        """The row that says whom it is for."""
        return self.decision or self.token

    @property
    def acting(self) -> str:
        """Who acts for the subject, as the token says it (RFC 8693 §4.1)."""
        return json.dumps(self.fact.act) if self.fact.act else ""

    @property
    def pretty(self) -> str:
        """The answer over several lines."""
        return json.dumps(json.loads(self.answer), indent=2, ensure_ascii=False)


def what_is(text: str) -> str:
    """What a pasted text is that is no access token of an Application, in words; empty for what may be one."""
    if text.count(".") == 2:
        return (
            MANAGEMENT
            if _header(text).get("typ", "").lower() in ("at+jwt", "application/at+jwt")
            else SIGNED_IN
        )
    return trial.hint_of(text) if not _id(text) else ""


def explain_token(*, tenant_id: UUID, text: str, now: datetime) -> Explained | None:
    """Explain a token of this tenant, given whole or by its id (``jti``); None for every other, whosesoever it is.

    Inside the tenant's transaction; nothing is counted, noted or kept, the token least of all.
    """
    token_id = _id(text)
    rows = AccessToken.objects.filter(tenant_id=tenant_id).select_related("application", "audience")
    token = rows.filter(pk=token_id).first() if token_id else rows.filter(token_checksum=digest(text)).first()
    key = token.pk if token else token_id
    decision = (
        Decision.objects.filter(tenant_id=tenant_id, token_id=key).order_by("at").first() if key else None
    )
    if key is None or (token is None and decision is None):
        return None
    fact: Any = decision or token
    place = decision.application_id if decision else fact.audience_id
    application = Application.objects.get(tenant_id=tenant_id, pk=place)
    answer, why = _now(tenant_id, application, token, decision, now)
    told = json.loads(answer) if answer else {}
    client = token.application if token else Client.objects.filter(pk=fact.client_id).first()
    return Explained(
        id=key,
        token=token,
        decision=decision,
        application=application,
        client_name=(client.name if client else "") or getattr(decision, "client_name", ""),
        subject=trial.name_of(fact),
        answer=answer or '{"active": false}',
        active=answer is not None,
        why=why,
        reason=GONE.get(why) or reason_of(why, active=answer is not None),
        detail=_detail(tenant_id, why, fact, client, application, token),
        scopes=_scopes(tenant_id, application, token, decision, told, now),
    )


def _id(text: str) -> UUID | None:
    try:
        return parse_uuid(text)
    except ValueError:
        return None


def _header(text: str) -> dict[str, Any]:
    """The header of what looks like a JWT, unverified: it only decides which words are said."""
    head = text.partition(".")[0]
    try:
        read = json.loads(base64.urlsafe_b64decode(head.encode() + b"=" * (-len(head) % 4)))
    except (ValueError, RecursionError):
        return {}
    typ = read.get("typ") if isinstance(read, dict) else None
    return {"typ": typ} if isinstance(typ, str) else {}


def _now(
    tenant_id: UUID,
    application: Application,
    token: AccessToken | None,
    decision: Decision | None,
    now: datetime,
) -> tuple[str | None, str]:
    if token is not None:
        return trial.ask_about(
            tenant_id=tenant_id, application_id=application.pk, checksum=token.token_checksum, now=now
        )
    ended = decision is None or decision.at + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS) <= now
    return None, "expired" if ended else "revoked"


def _detail(
    tenant_id: UUID,
    why: str,
    fact: Any,
    client: Client | None,
    application: Application,
    token: AccessToken | None,
) -> str:
    """Since when it is so, as far as a row says."""
    here: dict[str, Any] = {"tenant_id": tenant_id}
    mine = here | {"user_id": fact.subject}
    since, reason = None, ""
    if why == "suspended":
        rows = [*EndUser.objects.filter(**mine, status="suspended")]
        found: Any = [*rows, *Membership.objects.filter(**mine, status="suspended")]
        since, reason = (found[0].suspended_at, found[0].suspended_reason) if found else (None, "")
    elif why == "consent_withdrawn" and client:
        consents = Consent.objects.filter(**mine, client=client, application=application)
        since = consents.order_by("-withdrawn_at").values_list("withdrawn_at", flat=True).first()
    elif why == "client_denied" and client:
        denied = ClientApproval.objects.filter(**here, client=client, status="denied").first()
        since = denied.decided_at if denied else client.disabled_at
    elif why == "account_ended":
        account = ServiceAccount.objects.filter(**here, pk=fact.subject).first()
        since = account.ended_at if account else None
    elif why == "expired" and token is not None:
        since = token.expires
    return f"Since {clock.full(since)}{f': {reason}' if reason else '.'}" if since else ""


def _scopes(
    tenant_id: UUID,
    application: Application,
    token: AccessToken | None,
    decision: Decision | None,
    told: dict[str, Any],
    now: datetime,
) -> tuple[ScopeNow, ...]:
    """Scope by scope. Why one is filtered is read from history only where one is."""
    given = decision.granted if decision else token.scope.split() if token else []
    requested = decision.requested if decision else token.requested if token else []
    held, waits = set(told.get("scope", "").split()), {one["scope"] for one in told.get("pending", ())}
    lost = [name for name in given if name not in held]
    reasons = _why_lost(tenant_id, application, token, decision, lost, now) if lost and told else {}
    return tuple(
        ScopeNow(
            name,
            name in requested,
            decision is None or name in decision.entitled,
            decision is None or name in decision.supported,
            name in given,
            decision is not None and name in decision.pending,
            name in held,
            name in waits,
            reasons.get(name, ()),
        )
        for name in sorted({*requested, *given, *(decision.pending if decision else ())})
    )


def _why_lost(
    tenant_id: UUID,
    application: Application,
    token: AccessToken | None,
    decision: Decision | None,
    lost: list[str],
    now: datetime,
) -> dict[str, tuple[str, ...]]:
    """What happened between the decision and now to each of these scopes, from the bindings' own history."""
    fact: Any = decision or token
    sides = [
        explain(
            tenant_id=tenant_id,
            subject_kind=fact.subject_kind,
            subject_id=fact.subject,
            at=moment,
            mfa_at=token.mfa_at if token else None,
            ip=token.auth_ip if token else None,
            application_id=application.pk,
        )
        for moment in (decision.at if decision else token.created if token else now, now)
    ]
    if sides[0] is None or sides[1] is None:
        return {}
    changes = {
        one.name: one for one in compare(sides[0], sides[1]).changes if one.application_id == application.pk
    }
    limited = "The tenant’s limits keep the client, or one that it acts through, from this scope. See OAuth clients."
    return {
        name: tuple(sentence(reason) for reason in changes[name].reasons) if name in changes else (limited,)
        for name in lost
    }
