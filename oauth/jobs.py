"""What the worker does for this context: logos, copies of people's data, letters about proofs, what if for many."""

import logging
from uuid import UUID

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from authsec.database.context import system_context
from authsec.jobs import files
from authsec.jobs.runner import Backoff
from oauth import bulk as bulk  # its kinds of jobs
from oauth import proof_mail
from oauth.account import data as own_data
from oauth.account.exports import TASK, Status
from oauth.documents import logos
from oauth.models import DataExport

log = logging.getLogger(__name__)
MOST_TRIES = 4


@app.task(name=logos.TASK)
def read_logo(*, client_id: str) -> None:
    """Read the logo that a client's document names."""
    logos.read(UUID(client_id), now=timezone.now())


@app.task(name=proof_mail.TASK, retry=RetryStrategy(max_attempts=8, exponential_wait=4))
def tell_of_proof(*, tenant_id: str, application_id: str) -> None:
    """Write to those who run an Application that the proof of its address is gone."""
    proof_mail.tell(tenant_id=UUID(tenant_id), application_id=UUID(application_id), now=timezone.now())


@app.task(name=TASK, retry=Backoff())
def export_own_data(*, export_id: str) -> None:
    """Write the copy. A try that was cut off leaves a part behind, and the next one begins anew: a copy is of one
    moment. Run again when it is done, or its person gone, it changes nothing.
    """
    with system_context():
        export = DataExport.objects.select_for_update().filter(pk=UUID(export_id)).first()
        if export is None or not export.active:
            return
        export.tries, export.status = export.tries + 1, Status.RUNNING
        if export.tries > MOST_TRIES:
            export.status, export.finished_at = Status.FAILED, timezone.now()
        export.save(update_fields=["tries", "status", "finished_at"])
    if export.status == Status.RUNNING:
        _write(export)


def _write(export: DataExport) -> None:
    now = timezone.now()
    part = files.folder() / f"{export.pk.hex}.{export.tries}.part"
    part.touch(mode=0o600)
    with system_context(), part.open("wb") as out:
        own_data.write(out, identity_id=export.identity_id, now=now)
        size = out.tell()
    name = f"{export.pk.hex}.json"
    with system_context():
        # Deleting the identity waits for this row, or has taken it along: then no file may appear.
        rows = DataExport.objects.select_for_update().filter(pk=export.pk, status=Status.RUNNING)
        if not rows.exists():
            part.unlink()
            return
        part.replace(files.folder() / name)
        rows.update(status=Status.DONE, file=name, size=size, finished_at=now, expires_at=now + files.KEPT)
