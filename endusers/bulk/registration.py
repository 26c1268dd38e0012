"""Making the kinds of jobs of a bulk verb: the one that does it, and the one that takes it back."""

from authsec.jobs.kinds import Kind
from endusers.bulk import jobs
from endusers.bulk.undo import WayBack
from endusers.bulk.verbs import Verb


def register(verb: Verb) -> Verb:
    """Let there be jobs of the verb."""
    Kind(
        key=verb.kind,
        title=verb.title,
        things="end users",
        permission=verb.permissions[0],
        total=jobs.total_of,
        step=lambda job, out: jobs.step(verb, job, out),
        describe=lambda job: jobs.describe(verb, job),
        needs=lambda job: verb.permissions,
        home=jobs.HOME,
        panel="endusers:outcomes",
    )
    if verb.undo:
        WayBack(verb.kind, verb.title, verb.deed, verb.undo, needs=lambda params: verb.permissions)
    return verb
