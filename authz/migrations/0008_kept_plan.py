from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """The question that every page asks keeps its plan."""

    dependencies = [("authz", "0007_changes")]

    operations = [SystemFunctions("effective_grants")]
