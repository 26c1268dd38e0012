from django.db import migrations

from authsec.database.operations import Announce, SystemFunctions


class Migration(migrations.Migration):
    """Tell every serving process who lost their place or their power, as it commits."""

    dependencies = [("tenants", "0008_tenant_life")]

    operations = [
        SystemFunctions("changes"),
        Announce("Tenant", "announce_tenant", when=("status",)),
        Announce("Identity", "announce_identity", when=("is_active",)),
        Announce("Membership", "announce_memberships"),
    ]
