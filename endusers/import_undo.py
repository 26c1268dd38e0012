"""The way back of an import: statuses and plan tiers, to each what the file's lines replaced."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from endusers.bulk import changes
from endusers.bulk.undo import WayBack
from endusers.bulk.verbs import Fate, Fates, Run
from endusers.imports import KIND, STATUSES, TITLE, needs
from endusers.models import Outcome

# A value that was replaced → the change that gives it back.
BACK: tuple[tuple[dict[str, object], Callable[[Run, Sequence[UUID]], Fates]], ...] = (
    ({"was__status": "active"}, changes.reactivate),
    ({"was__status": "suspended"}, changes.suspend),
    ({"was__has_key": "plan_tier_id"}, changes.set_plan_tier),
)


def give_back(run: Run, ids: Sequence[UUID]) -> Fates:
    """Give the people of one chunk back what the import took, as far as nobody changed that since.

    Of somebody whose status and tier were both replaced, the better fate counts.
    """
    run, found = replace(run, several=True), dict[UUID, str]()
    assert run.undoes  # noqa: S101 - a way back
    rows = Outcome.objects.filter(tenant_id=run.tenant_id, job_id=run.undoes, user_id__in=ids)
    for which, change in BACK:
        theirs = list(rows.filter(**which).order_by("user_id").values_list("user_id", flat=True))
        for key, fate in change(run, theirs) if theirs else []:
            if found.get(key) != Fate.CHANGED:
                found[key] = fate
    return list(found.items())


WayBack(
    KIND,
    TITLE,
    "changed",
    give_back,
    needs=needs,
    kept=lambda job: {"statuses": job.params.get("statuses", STATUSES), "name": job.params["name"]},
)
