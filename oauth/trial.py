"""What one Application would hear about one token, and what its operators may know besides: why."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from authsec.secrets import digest, new_secret
from authz.models import ServiceAccount
from oauth.introspection import STATEMENT
from oauth.models import AccessToken, Decision, ResourceCredential
from oauth.reasons import Reason, reason_of
from tenants.models import Profile

LONGEST = 8_192


@dataclass(frozen=True)
class Trial:
    """``answer``: byte for byte that of the endpoint. ``token``: the tenant's own row of it, where there is one."""

    answer: str
    active: bool
    reason: Reason
    token: AccessToken | None
    subject: str = ""  # the name of whom it is for
    hint: str = ""

    @property
    def pretty(self) -> str:
        """The answer over several lines."""
        return json.dumps(json.loads(self.answer), indent=2, ensure_ascii=False)


def presented(text: str) -> str:
    """The token in what somebody pasted: without blanks around it, and without the header that it came in."""
    words = text.split()
    return words[-1] if words else ""


def ask_about(
    *, tenant_id: UUID, application_id: UUID, checksum: str, now: datetime
) -> tuple[str | None, str]:
    """What introspection answers now for the token of this SHA-256, and why; None: inactive. Inside the tenant's
    transaction; nothing is counted, noted or kept.

    The statement wants a credential, so it gets one that exists inside a savepoint only.
    """
    credential, secret = new_secret("as_rc_")[:38], new_secret("as_rs_")
    with transaction.atomic(), connection.cursor() as cursor:
        ResourceCredential.objects.create(
            tenant_id=tenant_id,
            application_id=application_id,
            credential_id=credential,
            secret_digest=digest(secret),
            created_at=now,
        )
        cursor.execute(STATEMENT, [credential, digest(secret), checksum, None, settings.ISSUER])
        answer, _tenant, _application, why, *_ = cursor.fetchone()
        transaction.set_rollback(True)
    return answer, why


def explain(*, tenant_id: UUID, application_id: UUID, token: str, now: datetime) -> Trial:
    """Ask as the Application would. Inside the tenant's transaction; nothing is counted, noted or kept."""
    answer, why = ask_about(
        tenant_id=tenant_id, application_id=application_id, checksum=digest(token), now=now
    )
    rows = AccessToken.objects.filter(tenant_id=tenant_id, token_checksum=digest(token))
    row = rows.select_related("application", "audience").first()
    return Trial(
        answer=answer or '{"active": false}',
        active=answer is not None,
        reason=reason_of(why, active=answer is not None),
        token=row,
        subject=name_of(row) if row else "",
        hint=hint_of(token) if why == "unknown" else "",
    )


def name_of(row: AccessToken | Decision) -> str:
    """What the tenant calls whom a token or a decision is for; their id where it has no name for them."""
    here: dict[str, Any] = {"tenant_id": row.tenant_id}
    names: tuple[str, ...] | None
    if row.subject_kind == "user":
        names = (
            Profile.objects.filter(user_id=row.subject, **here).values_list("display_name", "email").first()
        )
    else:
        names = ServiceAccount.objects.filter(pk=row.subject, **here).values_list("name").first()
    return next((name for name in names or () if name), str(row.subject))


def hint_of(token: str) -> str:
    """What an unknown text looks like."""
    if token.startswith("as_rt_"):
        return "This is a refresh token. It belongs to the client and is never sent to an Application."
    if token.count(".") == 2:
        return "This looks like a JWT: an id_token, or a token of the management API. Neither is for an Application."
    if not token.startswith("as_at_"):
        return "Access tokens of this server begin with as_at_."
    return ""


def facts_of(trial: Trial) -> list[tuple[str, Any]]:
    """What the tenant knows of the token, as (label, value)."""
    row = trial.token
    if row is None:
        return []
    return [
        ("Client", row.application.name if row.application else ""),
        ("Made", row.created),
        ("Ends", row.expires),
        ("Scopes that it was given", row.scope or "none"),
    ]
