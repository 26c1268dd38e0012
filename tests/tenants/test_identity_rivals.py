"""One identity's end beside what it, or another one, does at the very moment."""

from django.utils import timezone

from authsec.audit.actor import SYSTEM, Actor
from authsec.database.context import app_context, tenant_context
from authz import system_roles
from authz.models import Role
from oauth.account import departure
from tenants import operations as tenants
from tenants.models import Identity, Membership, Profile
from tests import cast
from tests.rivals import Beside, waiting
from tests.servers import eventually
from tests.tenants.browser import link_to
from tests.tenants.test_invitation_races import invite


def delete(identity: Identity) -> None:
    with app_context():
        departure.delete_identity(identity_id=identity.pk, actor=SYSTEM, now=timezone.now())


def test_who_deletes_their_identity_while_they_join_is_nowhere_afterwards(own_database: None) -> None:
    """The tenant does not know them yet: nothing of the membership is seen before it is committed."""
    acme, nina = cast.open_tenant(), cast.person("nina@new.example", "Nina")
    invite(acme, nina.email)
    token = link_to(nina.email).rstrip("/").rpartition("/")[2]
    with tenant_context(acme.pk):
        Role.objects.select_for_update().get(system_key=system_roles.key_of("member"))
        joining = Beside(
            lambda: tenants.accept_invitation(
                token=token, identity=nina, actor=Actor("identity", nina.pk, "Nina"), now=timezone.now()
            )
        ).waits()
        leaving = Beside(lambda: delete(nina))
        eventually(lambda: waiting() == 2 or leaving._answers, what="the deletion")
    assert isinstance(joining.answer, Membership)
    assert leaving.answer is None
    with tenant_context(acme.pk):
        assert Membership.objects.get(user__identity=nina).status == "left"
        assert not Profile.objects.filter(email=nina.email).exists()
        assert not Profile.objects.filter(display_name="Nina").exists()


def test_of_two_last_administrators_who_go_at_once_one_stays(own_database: None) -> None:
    """Each sees the other one still there, unless they take turns."""
    acme = cast.open_tenant()
    ann, bob = (cast.person(f"{name}@acme.example") for name in ("ann", "bob"))
    Identity.objects.filter(pk__in=[ann.pk, bob.pk]).update(is_installation_admin=True)
    user = cast.user_of(acme, ann.email)
    with tenant_context(acme.pk):
        Profile.objects.select_for_update().get(user_id=user.pk)
        first = Beside(lambda: delete(ann)).waits()
        second = Beside(lambda: delete(bob))
        eventually(lambda: waiting() == 2 or second._answers, what="the second")
    assert first.answer is None
    assert isinstance(second.answer, departure.StillNeeded)
