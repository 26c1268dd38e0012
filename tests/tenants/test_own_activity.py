"""What happened to one's own sign-in: written with the change, read by that person alone, and gone with them."""

from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from authsec.audit import installation
from authsec.audit.actor import SYSTEM
from authsec.audit.models import InstallationEvent
from authsec.database.context import app_context, system_context
from tenants.models import Identity
from tests import cast
from tests.tenants.browser import PASSWORD, Browser, link_to

pytestmark = pytest.mark.django_db
JOE = "joe@people.example"
PAGE = "/account/activity/"


def actions(email: str) -> list[str]:
    """What was written down about somebody, the oldest first."""
    whose = Identity.objects.get(email=email).pk
    return [event.action for event in reversed(installation.latest_of(whose, limit=100))]


def test_every_change_of_how_one_signs_in_is_written_down_and_shown_to_that_person() -> None:
    joe = Browser(
        headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    )
    joe.join(JOE)
    _, codes = joe.enrol()
    elsewhere = Browser()
    elsewhere.sign_in(JOE)
    elsewhere.enter_code(codes[0])
    joe.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": f"{PASSWORD} two"})
    joe.post("/accounts/2fa/recovery-codes/generate/")
    other = cast.signed_in(cast.person(JOE))
    joe.post("/account/sessions/end-others/")
    joe.post("/accounts/2fa/totp/deactivate/")
    assert other.get("/account/").status_code == 302
    assert actions(JOE) == [
        "identity.made",
        "address.confirmed",
        "signin.done",
        "factor.added",
        "codes.made",
        "codes.used",
        "signin.done",
        "password.changed",
        "codes.made",
        "signin.done",
        "sessions.ended",
        "factor.removed",
    ]
    page = joe.get(PAGE).content.decode()
    for said in ("The password was changed", "Authenticator app removed", "Firefox on Linux", "127.0.0.1"):
        assert said in page, said
    assert "Authenticator app removed" in joe.get("/account/").content.decode()


def test_another_address_is_written_down_when_asked_for_and_when_it_counts() -> None:
    joe = Browser().join(JOE)
    joe.enrol()  # who has a second factor changes their address like everybody
    joe.post("/accounts/email/", {"action_add": "", "email": "joseph@people.example"})
    assert actions(JOE)[-1] == "address.asked"
    joe.post(link_to("joseph@people.example"))
    assert actions("joseph@people.example")[-2:] == ["address.confirmed", "address.changed"]
    assert "changed from joe@people.example to joseph@people.example" in joe.get(PAGE).content.decode()


def test_nobody_reads_anothers() -> None:
    Browser().join(JOE)
    flo = Browser().join("flo@people.example")
    before = flo.get(PAGE).content.decode()
    assert before.count("Signed in with") == 1
    assert Browser().get(PAGE).status_code == 302


def test_the_applications_role_writes_and_neither_reads_nor_changes() -> None:
    """Rule 11, and SECURITY.md: append-only for the role that serves requests."""
    Browser().join(JOE)
    for statement in (
        "select count(*) from audit_installationevent",
        "update audit_installationevent set action = 'x'",
        "delete from audit_installationevent",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            app_context(),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_deleted_identity_leaves_that_it_went_and_nothing_else() -> None:
    browser = Browser().join(JOE)
    whose = Identity.objects.get(email=JOE).pk
    browser.post("/account/delete/", {"typed": JOE})
    with system_context():
        (left,) = InstallationEvent.objects.filter(identity_id=whose)
    assert (left.action, left.ip, left.agent, left.before, left.after) == (
        "identity.deleted",
        None,
        "",
        None,
        None,
    )


def test_what_is_old_is_found_by_an_index_and_deleted_in_batches() -> None:
    identity, now = cast.person(JOE), timezone.now()
    with system_context():
        for days in (1, 401, 500):
            then = now - timedelta(days=days)
            installation.note(action="signin.done", actor=SYSTEM, identity_id=identity.pk, now=then)
        installation.note(action="keys.rotated", actor=SYSTEM, now=now - timedelta(days=900))
    with system_context(), connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
        cursor.execute(f"explain {installation.OLD}", {"before": now, "batch": 5_000})
        assert "audit_installation_old_idx" in "\n".join(row[0] for row in cursor.fetchall())
    assert installation.delete_old(now=now, batch=1) == 2
    assert "keys.rotated" in [event.action for event in installation.latest_of(None, limit=9)]
