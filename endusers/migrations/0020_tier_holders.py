from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """Who holds a tier is counted for the tiers that are asked about: retired ones are many in the long run."""

    dependencies = [("endusers", "0019_status_stays")]

    operations = [SystemFunctions("tier_holders")]
