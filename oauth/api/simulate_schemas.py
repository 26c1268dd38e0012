"""Bodies of *what if*: the change, whom to look at, and the difference."""

from typing import Any

from rest_framework import serializers

from authsec.web.api import Input, Moment
from authz.what_if.changes import KINDS
from authz.what_if.simulate import INLINE

MEMBERS = """A `kind` and its members, those of the real request:

| kind | members |
|---|---|
| `suspend_member`, `reactivate_member`, `remove_member` | `user_id` |
| `change_member_type` | `user_id`, `type` |
| `suspend_end_user`, `reactivate_end_user` | `user_id` |
| `set_plan_tier` | `user_id`, `plan_tier` |
| `add_to_group` | `group_id`, `user_ids` or `emails` |
| `remove_from_group` | `group_id`, `user_id` |
| `archive_group`, `end_group_access` | `group_id` |
| `bind` | those of a new binding |
| `change_binding` | `binding_id`, and of `conditions`, `expires_at`, `reason` what changes |
| `end_binding` | `binding_id` |
| `edit_role` | `role_id`, and of `scopes`, `console_permissions`, `tenant_groups` the new lists |
| `change_role_scopes` | `role_id`, `added`, `withdrawn` |
| `archive_role` | `role_id` |
| `set_scopes` | `application_id`, `scopes`: the whole list |
| `change_scopes` | `application_id`, `declared`, `withdrawn` |
| `disable_application`, `enable_application`, `archive_application` | `application_id` |
| `add_operators` | `service_account_id`, `user_ids` |
| `remove_operator` | `service_account_id`, `user_id` |
| `end_service_account` | `service_account_id` |
"""


class SimulateInput(Input):
    """Without `users` and `groups`: everybody whom the change reaches."""

    change = serializers.DictField(help_text=MEMBERS)
    users = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=INLINE,
        help_text="Only these: ids of people or of service accounts.",
    )
    groups = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=50,
        help_text="Only the members of these groups.",
    )
    at = Moment(required=False, help_text="As somebody sees it then; not before now.")
    mfa = serializers.BooleanField(
        required=False, default=False, help_text="As if with a fresh second factor."
    )
    ip = serializers.IPAddressField(required=False, help_text="As if asked from this address.")


class SimulatedWay(serializers.Serializer[Any]):
    """One binding by which it comes."""

    binding_id = serializers.UUIDField()
    role_name = serializers.CharField()
    source = serializers.ChoiceField(["direct", "group", "service-account", "plan"])  # type: ignore[assignment]
    source_id = serializers.UUIDField()
    source_name = serializers.CharField(allow_blank=True)
    state = serializers.CharField()


class SimulatedShift(serializers.Serializer[Any]):
    """One scope on one Application, or one console permission (`application_id` null: tenant-wide)."""

    application_id = serializers.UUIDField(allow_null=True)
    scope = serializers.CharField(required=False)
    console_permission = serializers.CharField(required=False)
    before = serializers.CharField(help_text="A state as in effective access, or `none`.")
    after = serializers.CharField()
    starts_at = serializers.DateTimeField(allow_null=True, help_text="When it would have begun to count.")
    reason = serializers.CharField(help_text="Why, in words.")
    through = SimulatedWay(many=True, help_text="By what it comes afterwards.")


class SimulatedTokens(serializers.Serializer[Any]):
    """Live access tokens."""

    carry = serializers.IntegerField(help_text="Carry something that is lost.")
    narrower = serializers.IntegerField(help_text="Answer fewer scopes at once.")
    stopped = serializers.IntegerField(help_text="Answer inactive at once.")
    ended = serializers.IntegerField(help_text="Of those stopped: revoked for good.")
    wider = serializers.IntegerField(help_text="Answer more than before, as far as they were consented to.")


class SimulatedSubject(serializers.Serializer[Any]):
    """Somebody for whom something shifts."""

    kind = serializers.ChoiceField(["user", "service_account"])
    id = serializers.UUIDField()
    name = serializers.CharField()
    gained = SimulatedShift(many=True)
    lost = SimulatedShift(many=True)
    changed = SimulatedShift(many=True, help_text="From one state that counts, or waits, to another.")
    kept = SimulatedShift(many=True, help_text="The same, by other ways than before.")
    unchanged = serializers.ListField(
        child=serializers.UUIDField(),
        help_text="Applications on which something reaches them and nothing shifts.",
    )
    tokens = SimulatedTokens()


class SimulatedTotal(serializers.Serializer[Any]):
    """One scope or console permission over everybody."""

    application_id = serializers.UUIDField(allow_null=True)
    scope = serializers.CharField(required=False)
    console_permission = serializers.CharField(required=False)
    gained = serializers.IntegerField()
    lost = serializers.IntegerField()
    better = serializers.IntegerField(help_text="Have it in a better state.")
    worse = serializers.IntegerField(help_text="Have it in a worse state.")
    kept = serializers.IntegerField()
    kept_through = serializers.DictField(
        child=serializers.IntegerField(), help_text="Role name → how many keep it by that."
    )


class SimulatedUse(serializers.Serializer[Any]):
    """A lost scope that was given in tokens in the last 30 days."""

    application_id = serializers.UUIDField()
    scope = serializers.CharField()
    tokens = serializers.IntegerField(help_text="In which it was given.")
    used = serializers.IntegerField(help_text="Of these: the Application asked about them.")
    people = serializers.IntegerField()
    last_at = serializers.DateTimeField(help_text="The last use, or when the last one was given.")


class Simulation(serializers.Serializer[Any]):
    """What would happen. Nothing has."""

    kind = serializers.ChoiceField(sorted(KINDS))
    allowed = serializers.BooleanField(help_text="Whether you may, and whether it is possible.")
    refusal = serializers.CharField(allow_blank=True, help_text="Why not.")
    looked_at = serializers.IntegerField(help_text="How many people and service accounts were looked at.")
    touched = serializers.IntegerField(help_text="How many gain, lose or change something.")
    items = SimulatedSubject(many=True)
    totals = SimulatedTotal(many=True)
    tokens = SimulatedTokens()
    used = SimulatedUse(many=True)
