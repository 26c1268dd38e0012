from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """Scopes and console permissions read the grants as a whole before they join what these give."""

    dependencies = [("authz", "0003_subjects")]

    operations = [SystemFunctions("effective_grants")]
