"""The signals that go up: contexts above react to what happens here, inside the same transaction."""

from django.dispatch import Signal

# A tenant was opened. Sends tenant (Tenant), owner (TenantUser), actor, now.
tenant_opened = Signal()

# A membership changed. Sends membership (after), before (dict of type and status, None when new), actor, now.
membership_changed = Signal()

# A member type is offered to somebody outside. Sends tenant_id, type, actor, now, accepted (False when
# the offer is made; True when it is taken, with whoever made it as actor), user_id (who takes it, or None). A receiver
# refuses by raising PermissionDenied: only the rooms above know what a type gives (Rule 7).
member_type_offered = Signal()

# A person's name changed. Sends user (Identity). Stays in this room: profiles follow it.
identity_renamed = Signal()
