"""What the console says before it does something to a client, and what it points out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _lazy

from oauth.clients import approvals
from oauth.exchange import DEVICE_CODE
from oauth.models import ClientApproval


@dataclass(frozen=True)
class Question:
    """One decision. ``asked`` holds %(name)s and %(tenant)s, ``done`` holds %(name)s."""

    verb: Callable[..., Any]
    asked: object
    text: object
    action: object
    done: Any
    calm: bool = False  # it gives rather than takes

    def words(self, row: ClientApproval, tenant: str) -> dict[str, Any]:
        """The confirmation's context."""
        name = row.client.name or row.client.client_id
        return {
            "question": str(self.asked) % {"name": name, "tenant": tenant},
            "text": self.text,
            "action": self.action,
            "calm": self.calm,
            "reversible": True,
        }


QUESTIONS = {
    "approve": Question(
        approvals.approve,
        _lazy("Approve %(name)s in %(tenant)s?"),
        _lazy(
            "It may ask people for access to your Applications. Each of them still consents, and gets no more than "
            "they are entitled to."
        ),
        _lazy("Approve"),
        _lazy("%(name)s may ask here now"),
        calm=True,
    ),
    "deny": Question(
        approvals.deny,
        _lazy("Deny %(name)s in %(tenant)s?"),
        _lazy(
            "Its tokens answer inactive at the next introspection. Nothing is revoked: approving it again brings the "
            "same tokens back."
        ),
        _lazy("Deny"),
        _lazy("%(name)s is denied; its tokens are inactive"),
    ),
    "disable": Question(
        approvals.deny,
        _lazy("Disable %(name)s in %(tenant)s?"),
        _lazy(
            "Nobody gets in with it, and its tokens answer inactive at the next introspection. Nothing is revoked: "
            "reactivating it brings the same tokens back."
        ),
        _lazy("Disable"),
        _lazy("%(name)s is disabled; its tokens are inactive"),
    ),
    "reactivate": Question(
        approvals.approve,
        _lazy("Reactivate %(name)s in %(tenant)s?"),
        _lazy("People get in with it again, and the tokens that they have answer again."),
        _lazy("Reactivate"),
        _lazy("%(name)s works again"),
        calm=True,
    ),
    "lift": Question(
        approvals.lift,
        _lazy("Lift the limits of %(name)s in %(tenant)s?"),
        _lazy(
            "What people allowed it counts again, at the next introspection: on every Application, each within their "
            "own access."
        ),
        _lazy("Lift limits"),
        _lazy("%(name)s has no limits now"),
        calm=True,
    ),
}
WAYS_IN = {
    "authorization_code": _lazy("in their browser"),
    DEVICE_CODE: _lazy("by a code that a device shows"),
}
CHANGED = {
    "name": _lazy("its name"),
    "redirect_uris": _lazy("where its answers go"),
    "logo": _lazy("its logo"),
}


def changed_since(row: ClientApproval) -> list[str]:
    """What an approved client says otherwise than when it was approved: a document may change at any time."""
    if row.status != ClientApproval.Status.APPROVED or not row.judged or row.client.tenant_id:
        return []
    present = approvals.judged(row.client)
    return [name for name in CHANGED if row.judged.get(name) != present[name]]
