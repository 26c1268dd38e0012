from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """Find the subjects of Effective Access by id, address or name."""

    dependencies = [("authz", "0002_walls")]

    operations = [SystemFunctions("subjects")]
