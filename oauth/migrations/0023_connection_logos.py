from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """A person's own connections come with their clients' pictures."""

    dependencies = [("oauth", "0022_delegation_limits")]

    operations = [SystemFunctions("connections")]
