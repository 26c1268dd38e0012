"""What whoever asked for a job may do now, for the worker: it asks before each step."""

from datetime import datetime

from authsec.audit.actor import Actor
from authsec.jobs import power
from authsec.jobs.kinds import kind_of
from authsec.jobs.models import Job
from authz.console import powers_of


@power.reads
def missing(*, job: Job, now: datetime) -> list[str]:
    """Those of the permissions a job needs that its asker does not hold, under the second factor and the address
    that they asked with. One statement.
    """
    actor, kind = Actor.from_json(job.actor), kind_of(job)
    powers = powers_of(
        tenant_id=job.tenant_id,
        subject_id=job.started_by,
        mfa_at=actor.mfa_at,
        ip=actor.ip,
        now=now,
        subject_kind="service_account" if actor.kind == "service_account" else "user",
    )
    place = kind.application(job)
    return [name for name in kind.needed(job) if not powers.decide(name, application_id=place).allowed]
