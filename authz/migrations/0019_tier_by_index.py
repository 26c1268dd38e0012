from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """The bindings of a person's tier, and whoever has something, by index again: both read a whole tenant's bindings."""

    dependencies = [("authz", "0018_tier_then")]

    operations = [SystemFunctions("effective_grants", "who_has")]
