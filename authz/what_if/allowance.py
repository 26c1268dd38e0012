"""How many changes somebody may try out: each takes for a moment the locks of the real one."""

from authsec import limiting
from authsec.audit.actor import Actor

PER_MINUTE = 120
TOO_MANY = "Too many changes tried out in a minute. Wait a little."


def may_try(actor: Actor) -> bool:
    """Count one more; False when the minute's are used up. Pages, forms and the API count together."""
    return not limiting.spend("what_if", str(actor.id), limit=PER_MINUTE, window_s=60).exceeded
