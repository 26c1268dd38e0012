from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """The grants of whom no group and no service account stands behind: a plan of half as many tables."""

    dependencies = [("authz", "0021_enforce_limits")]

    operations = [SystemFunctions("effective_grants")]
