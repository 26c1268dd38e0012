from django.db import migrations, models

from authsec.database.operations import SystemFunctions

# Its columns changed: an earlier database still holds the function as it was.
DROP = "drop function if exists memberships_of(uuid)"


class Migration(migrations.Migration):
    """A tenant may ask its team for a second factor."""

    dependencies = [("tenants", "0006_turns")]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="second_factor_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="second_factor_grace_days",
            field=models.PositiveSmallIntegerField(default=14),
        ),
        migrations.RunSQL(
            ["set local role authsec_system", DROP, "set local role none"], migrations.RunSQL.noop
        ),
        SystemFunctions("second_factor", "memberships_of"),
    ]
