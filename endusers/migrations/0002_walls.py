from django.db import migrations

from authsec.database.operations import SameTenant, TenantPolicy


class Migration(migrations.Migration):
    dependencies = [("endusers", "0001_initial"), ("tenants", "0002_walls")]

    operations = [
        TenantPolicy("PlanTier"),
        TenantPolicy("EndUser"),
        TenantPolicy("EndUserTier"),
        TenantPolicy("StandingChange", append_only=True),
        SameTenant("EndUser", "user", "plan_tier"),
        SameTenant("EndUserTier", "user", "plan_tier"),
        SameTenant("StandingChange", "user"),
    ]
