from django.db import migrations

from authsec.database.operations import SameTenant, SystemFunctions, TenantPolicy


class Migration(migrations.Migration):
    dependencies = [("authz", "0001_initial"), ("endusers", "0002_walls")]

    operations = [
        TenantPolicy("Application"),
        TenantPolicy("Scope"),
        TenantPolicy("Role"),
        TenantPolicy("RoleScope"),
        TenantPolicy("Group"),
        TenantPolicy("GroupMember"),
        TenantPolicy("ServiceAccount"),
        TenantPolicy("ServiceAccountOperator"),
        TenantPolicy("Binding"),
        SameTenant("Scope", "application"),
        SameTenant("RoleScope", "role"),
        SameTenant("GroupMember", "group", "user"),
        SameTenant("ServiceAccountOperator", "service_account", "user"),
        SameTenant("Binding", "role", "user", "group", "service_account", "plan_tier", "application"),
        SystemFunctions("effective_grants"),
    ]
