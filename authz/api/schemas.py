"""Bodies that the API of access takes and gives."""

from typing import Any

from rest_framework import serializers

from authsec.web.api import Input, Listed, Moment
from authz import conditions, models
from authz.binding_states import REASONS as NEVER_GIVES
from authz.binding_states import STATES as BINDING_STATES
from authz.group_members import MAX_AT_ONCE


class GroupInput(Input):
    name = serializers.CharField(max_length=100)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class GroupChange(Input):
    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)


class Group(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    members = serializers.IntegerField(help_text="How many people are in it.")
    bindings = serializers.IntegerField(help_text="How many bindings it has that have not ended.")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class Groups(Listed):
    items = Group(many=True)


class MembersInput(Input):
    """`user_ids`, `emails` or both. All are added or none: a refusal names each place of the list that is wrong."""

    user_ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MAX_AT_ONCE)
    emails = serializers.ListField(child=serializers.EmailField(), required=False, max_length=MAX_AT_ONCE)


class MemberResult(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    given = serializers.CharField(help_text="The id or address that the request named.")
    result = serializers.ChoiceField(["added", "already_in"])


class FilledGroup(Group):
    results = MemberResult(many=True, help_text="One for each id and address, in the order of the request.")


class ReasonInput(Input):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class EndedAccess(serializers.Serializer[Any]):
    ended = serializers.IntegerField(help_text="How many bindings ended now.")
    binding_ids = serializers.ListField(child=serializers.UUIDField())


class GroupMember(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    email = serializers.CharField(allow_blank=True)
    display_name = serializers.CharField(allow_blank=True)
    source = serializers.ChoiceField(models.GroupMember.Source.choices)  # type: ignore[assignment]
    added_at = serializers.DateTimeField()
    added_by = serializers.UUIDField(allow_null=True, help_text="Who did it; null: the system.")
    ended_at = serializers.DateTimeField(allow_null=True)


class GroupMembers(Listed):
    items = GroupMember(many=True)


class ConditionsInput(Input):
    """An unknown key is refused: a condition that is ignored would be access."""

    nested = True

    mfa_required = serializers.BooleanField(required=False)
    mfa_max_age_s = serializers.IntegerField(
        required=False, min_value=60, max_value=conditions.MAX_MFA_MAX_AGE_S
    )
    allowed_ip_cidrs = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=conditions.MAX_RANGES
    )
    not_before = Moment(required=False)


class RoleBindingInput(Input):
    role_id = serializers.UUIDField()
    application_id = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Without one: tenant-wide."
    )
    conditions = ConditionsInput(required=False, allow_null=True, default=None)
    expires_at = Moment(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class BindingInput(RoleBindingInput):
    """Exactly one subject."""

    user_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    group_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    service_account_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    plan_tier = serializers.SlugField(
        required=False, allow_null=True, default=None, help_text="The tier's key."
    )


class BindingChange(Input):
    """What is left out stays as it is. `conditions` are said anew as a whole; null takes them all away."""

    conditions = ConditionsInput(required=False, allow_null=True)
    expires_at = Moment(required=False, allow_null=True, help_text="null: without an end.")
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)


class Conditions(serializers.Serializer[Any]):
    """Only what is set."""

    mfa_required = serializers.BooleanField(required=False)
    mfa_max_age_s = serializers.IntegerField(required=False)
    allowed_ip_cidrs = serializers.ListField(child=serializers.CharField(), required=False)
    not_before = serializers.DateTimeField(required=False)


class Binding(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    role_id = serializers.UUIDField()
    role_name = serializers.CharField()
    user_id = serializers.UUIDField(allow_null=True)
    group_id = serializers.UUIDField(allow_null=True)
    service_account_id = serializers.UUIDField(allow_null=True)
    plan_tier = serializers.CharField(allow_null=True, help_text="The tier's key.")
    application_id = serializers.UUIDField(allow_null=True, help_text="null: tenant-wide.")
    application_name = serializers.CharField(allow_null=True)
    conditions = Conditions()
    expires_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(
        [*BINDING_STATES, "expired"],
        help_text="Where it is in its life now. Whether it counts for somebody is Effective Access’s to say.",
    )
    never_gives = serializers.ChoiceField(
        [*NEVER_GIVES],
        allow_null=True,
        help_text="Why nobody can get anything through it, whatever they present; null when somebody can.",
    )
    created_at = serializers.DateTimeField()
    created_by = serializers.UUIDField(allow_null=True)
    since = serializers.DateTimeField(help_text="From when its terms are what they are.")
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_by = serializers.UUIDField(allow_null=True)


class Bindings(Listed):
    items = Binding(many=True)


class Standing(serializers.Serializer[Any]):
    active = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())


STATES = [
    "active",
    "pending_step_up",
    "outside_ip",
    "missing_context",
    "not_yet",
    "expired",
    "ended",
    "suspended",
    "unsupported",
]


TOOL_STATES = ["active", "pending_step_up", "not_granted"]


class AccessItem(serializers.Serializer[Any]):
    binding_id = serializers.UUIDField()
    role_id = serializers.UUIDField()
    role_name = serializers.CharField()
    source = serializers.ChoiceField(["direct", "group", "service-account", "plan"])  # type: ignore[assignment]
    source_id = serializers.UUIDField()
    source_name = serializers.CharField(allow_blank=True)
    application_id = serializers.UUIDField(allow_null=True, help_text="null: tenant-wide.")
    scopes = serializers.ListField(child=serializers.CharField())
    console_permissions = serializers.ListField(child=serializers.CharField())
    conditions = Conditions()
    expires_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(STATES)
    state_reason = serializers.CharField(help_text="Why it is in that state, in a sentence; for people.")
    reason = serializers.CharField(allow_blank=True, help_text="What the one who gave it wrote.")
    created_at = serializers.DateTimeField()
    given_by = serializers.CharField(allow_null=True, help_text="A name; null when the system did.")


class AccessSentence(serializers.Serializer[Any]):
    application_id = serializers.UUIDField(allow_null=True, help_text="null: the console and this API.")
    text = serializers.CharField(help_text="*Alice can deploy on deploy-mcp after MFA, through on-call.*")


class AccessScope(serializers.Serializer[Any]):
    name = serializers.CharField()
    entitled = serializers.CharField(help_text="The state of the best way to it, or `none`.")
    supported = serializers.BooleanField()
    requested = serializers.BooleanField()
    granted = serializers.ChoiceField(["active", "pending_step_up"], allow_null=True)
    removed_by = serializers.ChoiceField(
        ["entitled", "supported", "requested", "standing"],
        allow_null=True,
        help_text="The first term that removes it.",
    )
    reason = serializers.CharField(help_text="The ways that give it, or why it was removed; for people.")
    binding_ids = serializers.ListField(
        child=serializers.UUIDField(), help_text="The bindings that reach it, the best first; 50 at most."
    )


class AccessApplication(serializers.Serializer[Any]):
    application_id = serializers.UUIDField()
    name = serializers.CharField()
    resource_uri = serializers.CharField()
    closed = serializers.ChoiceField(
        ["disabled", "unverified"], allow_null=True, help_text="Why the subject gets no token there at all."
    )
    scopes = AccessScope(many=True)


class AsIf(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    mfa_at = serializers.DateTimeField(allow_null=True)
    ip = serializers.CharField(allow_null=True)


class AccessChange(serializers.Serializer[Any]):
    application_id = serializers.UUIDField(allow_null=True, help_text="null: the console and this API.")
    name = serializers.CharField(help_text="A scope, or a console permission.")
    kind = serializers.ChoiceField(["gained", "lost", "changed"])
    before = serializers.CharField(help_text="A state, `disabled`, `unverified`, or `none`.")
    after = serializers.CharField(help_text="A state, `disabled`, `unverified`, or `none`.")
    reasons = serializers.ListField(child=serializers.CharField(), help_text="What made it; for people.")


class AccessComparison(serializers.Serializer[Any]):
    before = serializers.DateTimeField()
    after = serializers.DateTimeField()
    changes = AccessChange(many=True)


class AccessTool(serializers.Serializer[Any]):
    name = serializers.CharField()
    state = serializers.ChoiceField(TOOL_STATES)
    reason = serializers.CharField(allow_blank=True, help_text="Why it can't be called; for people.")
    is_public = serializers.BooleanField()
    required_scopes = serializers.ListField(child=serializers.CharField(), help_text="Any of them suffices.")


class EffectiveAccess(serializers.Serializer[Any]):
    user = serializers.UUIDField()
    standing = Standing()
    as_if = AsIf(help_text="The circumstances of the answer.")
    sentences = AccessSentence(
        many=True, help_text="The answer in words, one for each Application; for people."
    )
    items = AccessItem(many=True)
    applications = AccessApplication(
        many=True, help_text="Each Application that a binding reaches, and which term removes what there."
    )
    effective = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Application id → the scopes that a token could carry.",
    )
    effective_console = serializers.ListField(child=serializers.CharField())
    count = serializers.IntegerField()
    tools = serializers.DictField(
        child=AccessTool(many=True),
        help_text="Application id → its published tools, for Applications that a binding reaches.",
    )
    comparison = AccessComparison(allow_null=True, help_text="With `compare`: what differs, and why.")


class ToolChange(Input):
    """One of the two; what is left out is no. Both together are refused."""

    is_public = serializers.BooleanField(
        required=False, help_text="Everybody with a token for the Application may call it."
    )
    required_scopes = serializers.ListField(
        child=serializers.CharField(max_length=128, trim_whitespace=False),
        required=False,
        max_length=models.MAX_SCOPES_A_TOOL,
        help_text="Scopes of the Application; any of them suffices. Empty: nobody may call it.",
    )


class Tool(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True, help_text="In the server's own words.")
    input_schema = serializers.JSONField(allow_null=True)
    annotations = serializers.JSONField(allow_null=True)
    suggested_scopes = serializers.ListField(
        child=serializers.CharField(), help_text="What the server suggests; it gives nothing."
    )
    is_public = serializers.BooleanField()
    required_scopes = serializers.ListField(child=serializers.CharField(), help_text="Any of them suffices.")
    decided_at = serializers.DateTimeField(
        allow_null=True, help_text="Null: nobody decided yet, so nobody may call it."
    )
    decided_by = serializers.UUIDField(allow_null=True)
    published_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField(allow_null=True, help_text="When its server described it anew.")
    ended_at = serializers.DateTimeField(allow_null=True, help_text="When its server took it back.")


class Tools(Listed):
    items = Tool(many=True)


class RoleInput(Input):
    name = serializers.CharField(max_length=100)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=128), required=False, max_length=500, default=list
    )
    console_permissions = serializers.ListField(
        child=serializers.CharField(max_length=128), required=False, max_length=500, default=list
    )
    tenant_groups = serializers.ListField(
        child=serializers.CharField(max_length=128),
        required=False,
        max_length=20,
        default=list,
        help_text="`admins`, `auditors`, `readers`: what the policies give to these.",
    )


class RoleChange(Input):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=128), required=False, max_length=500
    )
    console_permissions = serializers.ListField(
        child=serializers.CharField(max_length=128), required=False, max_length=500
    )
    tenant_groups = serializers.ListField(
        child=serializers.CharField(max_length=128), required=False, max_length=20
    )


class Role(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    system = serializers.BooleanField(help_text="The same in every tenant, and read-only.")
    scopes = serializers.ListField(child=serializers.CharField())
    console_permissions = serializers.ListField(
        child=serializers.CharField(),
        help_text="What the role lists one by one; of a system role, everything that it gives.",
    )
    tenant_groups = serializers.ListField(
        child=serializers.CharField(), help_text="The policies give their power to whoever holds the role."
    )
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class Roles(Listed):
    items = Role(many=True)
