from django.db import migrations

from authsec.database.operations import SameTenant, SystemFunctions, TenantPolicy


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        TenantPolicy("Tenant", column="id"),
        TenantPolicy("TenantUser"),
        TenantPolicy("Profile"),
        TenantPolicy("Membership"),
        TenantPolicy("Invitation"),
        SameTenant("Profile", "user"),
        SameTenant("Membership", "user"),
        SystemFunctions("memberships_of"),
    ]
