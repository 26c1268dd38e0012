from django.db import migrations

from authsec.database.operations import SameTenant, SystemFunctions, TenantPolicy


class Migration(migrations.Migration):
    dependencies = [("endusers", "0012_plan_tiers")]

    operations = [
        TenantPolicy("TierMove"),
        SameTenant("TierMove", "user", "plan_tier", "was"),
        SystemFunctions("tier_holders"),
    ]
