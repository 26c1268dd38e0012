"""The bulk verbs that need nothing but this context's own rows."""

import json
from collections.abc import Mapping
from typing import Any

from endusers.bulk import changes
from endusers.bulk.forms import LimitParams, tier_params
from endusers.bulk.registration import register
from endusers.bulk.verbs import Verb


def _limit_words(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    limit = params["rate_limit"]
    until = f" until {limit['until'][:16].replace('T', ' ')} UTC" if limit.get("until") else ""
    return [("Rate limit", f"{limit['limit']:,} calls in {limit['window_s']:,} s{until}")]


register(
    Verb(
        key="suspend",
        title="Suspend end users",
        label="Suspend…",
        icon="ban",
        permissions=("endusers:suspend",),
        do=changes.suspend,
        undo=changes.reactivate,
        effect=("end user is suspended", "end users are suspended"),
        deed="suspended",
        already="suspended already",
        promise="Nothing is revoked: every token and connection of theirs answers inactive from the next call on, and "
        "reactivating brings the same ones back.",
        unchanged=lambda params: ("suspended", ""),
        needs_reason=True,
        stops="active",
    )
)
register(
    Verb(
        key="reactivate",
        title="Reactivate end users",
        label="Reactivate…",
        icon="rotate-ccw",
        permissions=("endusers:suspend",),
        do=changes.reactivate,
        undo=changes.suspend,
        effect=("end user is reactivated", "end users are reactivated"),
        deed="reactivated",
        already="not suspended",
        promise="Tokens and connections from before the suspension work again at the next call, unless they expired.",
        unchanged=lambda params: ("active", ""),
    )
)
register(
    Verb(
        key="set_plan_tier",
        title="Change the plan tier of end users",
        label="Change plan tier…",
        short="Tier…",
        icon="layers",
        permissions=("endusers:update",),
        do=changes.set_plan_tier,
        undo=changes.set_plan_tier,
        effect=("end user changes to this tier", "end users change to this tier"),
        deed="moved",
        already="on this tier already",
        promise="What the tier gives counts at each person’s next call. Taking it back gives each the tier they had.",
        unchanged=lambda params: ("tier_key", params["plan_tier"]),
        form=tier_params,
        words=lambda params: [("To the tier", params["plan_tier"])],
    )
)
register(
    Verb(
        key="set_rate_limit",
        title="Set a rate limit for end users",
        label="Set rate limit…",
        short="Limit…",
        icon="gauge",
        permissions=("endusers:update",),
        do=changes.set_rate_limit,
        undo=changes.set_rate_limit,
        effect=("end user gets this limit", "end users get this limit"),
        deed="limited",
        already="have this limit already",
        promise="The limit stands in place of the tier’s from the next call on. Taking it back gives each "
        "what they had.",
        unchanged=lambda params: ("limit", json.dumps(params["rate_limit"])),
        form=lambda tenant_id: LimitParams,
        words=_limit_words,
    )
)
register(
    Verb(
        key="clear_rate_limit",
        title="Clear the rate limit of end users",
        label="Clear rate limit…",
        icon="eraser",
        permissions=("endusers:update",),
        do=changes.set_rate_limit,
        undo=changes.set_rate_limit,
        effect=("end user gets the tier’s limit back", "end users get their tier’s limit back"),
        deed="given the tier’s limit back",
        already="no limit of their own",
        promise="The limit of each person’s plan tier counts again from the next call on. Taking it back gives each "
        "the one they had.",
        unchanged=lambda params: ("unlimited", ""),
    )
)
