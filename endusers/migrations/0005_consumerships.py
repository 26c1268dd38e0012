from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """A person may see where they are an end user, across tenants."""

    dependencies = [("endusers", "0004_common_words")]

    operations = [SystemFunctions("consumerships_of")]
