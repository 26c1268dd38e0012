"""What a comparison's reasons say to people."""

from authsec.web import clock
from authz.effective.comparison import Reason
from authz.effective.subject import SENTENCES as STANDING
from authz.effective.words import how

# {role}: of the binding; {way}: how it reaches; {source}: the group, account or plan; {on}: on a date, or empty.
SENTENCES = {
    "bound": "{role} was given {way}{on}.",
    "ended": "{role} {way} was ended{on}.",
    "expired": "{role} {way} expired{on}.",
    "begun": "{role} {way} began to count{on}.",
    "terms_changed": "The terms of {role} {way} were changed{on}.",
    "circumstances": "The conditions of {role} {way} are met differently.",
    "role_gives": "{role} gives it since.",
    "role_takes": "{role} gives it no more.",
    "joined": "Came into {source}{on}.",
    "left_group": "{source} no longer reaches this person.",
    "operates": "Became an operator of {source}{on}.",
    "operates_no_more": "Operates {source} no more, or it has ended.",
    "holds_plan": "Holds plan {source} since.",
    "holds_plan_no_more": "Holds plan {source} no more.",
    "unbound": "{role} {way} reaches no more.",
    "application_new": "The Application was registered.",
    "application_gone": "The Application was archived.",
    "application_enabled": "The Application was enabled.",
    "application_disabled": "The Application was disabled.",
    "application_verified": "The Application’s address is verified since.",
    "application_unverified": "The Application’s address is not verified any more.",
    "members_only": "An unverified address serves active members only.",
    "member_since": "An active member may use an Application whose address is not verified.",
    "scope_supported": "The Application supports the scope since.",
    "scope_dropped": "The Application dropped the scope{on}.",
    "standing_lost": "{standing}",
    "standing_back": "No longer: {standing}",
}


def sentence(reason: Reason) -> str:
    """One reason as a sentence."""
    item = reason.item
    return SENTENCES[reason.kind].format(
        role=item.role_name if item else "",
        way=how([item]) if item else "",
        source=item.source_name if item else "",
        on=f" on {clock.date(reason.at)}" if reason.at else "",
        standing=" ".join(STANDING[name] for name in reason.named),
    )


# What an answer about a past moment does not know as it was.
TODAYS = (
    "Names, addresses, descriptions and risks are today’s, and so is what system roles and the policies give."
)
