from django.db import migrations

from authsec.database.operations import SystemFunctions

# Its columns changed: an earlier database still holds the function as it was.
DROP = "drop function if exists memberships_of(uuid)"


class Migration(migrations.Migration):
    """The switcher knows where a person was last, and which of their tenants are closed since when."""

    dependencies = [("tenants", "0004_search")]

    operations = [
        migrations.RunSQL(
            ["set local role authsec_system", DROP, "set local role none"], migrations.RunSQL.noop
        ),
        SystemFunctions("memberships_of"),
    ]
