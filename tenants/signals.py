"""The two signals that go up: contexts above react to what happens here, inside the same transaction."""

from django.dispatch import Signal

# A tenant was opened. Sends tenant (Tenant), owner (TenantUser), actor, now.
tenant_opened = Signal()

# A membership changed. Sends membership (after), before (dict of type and status, None when new), actor, now.
membership_changed = Signal()

# A person's name changed. Sends user (Identity). Stays in this room: profiles follow it.
identity_renamed = Signal()
