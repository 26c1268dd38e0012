from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """A resource server reads its policy and publishes its tools with the credential that it introspects with."""

    dependencies = [("oauth", "0012_client_keys")]

    operations = [SystemFunctions("resource")]
