from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """What a tenant keeps from a client it keeps from workloads that were given that client's tokens, too."""

    dependencies = [("oauth", "0021_cleanup")]

    operations = [SystemFunctions("delegation", "introspect")]
