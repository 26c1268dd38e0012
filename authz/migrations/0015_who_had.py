from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """Who had something at a past moment."""

    dependencies = [("authz", "0014_ending"), ("endusers", "0007_former_tiers")]

    operations = [SystemFunctions("who_has")]
