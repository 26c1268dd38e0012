from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """What a person leaves behind, for deleting their identity."""

    dependencies = [("oauth", "0017_device_grant")]

    operations = [SystemFunctions("connections", "departure")]
