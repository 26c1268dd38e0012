from django.db import migrations

from authsec.database.operations import Announce, SystemFunctions


class Migration(migrations.Migration):
    """Tell every serving process who lost console power, as it commits."""

    dependencies = [("authz", "0006_tenant_groups"), ("tenants", "0009_changes")]

    operations = [
        SystemFunctions("changes"),
        Announce("Binding", "announce_bindings", "update"),
        Announce("Binding", "announce_deleted_bindings", "delete"),
        Announce("GroupMember", "announce_group_members"),
        Announce("ServiceAccountOperator", "announce_operators"),
        Announce("Group", "announce_group", when=("ended_at",)),
        Announce("ServiceAccount", "announce_service_account", when=("ended_at",)),
        Announce("Role", "announce_role", when=("ended_at",)),
        Announce("RoleScope", "announce_role_scopes"),
    ]
