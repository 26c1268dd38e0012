from django.db import migrations, models

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """When each consent was last used, and one person's connections page by page."""

    dependencies = [("oauth", "0014_introspection_counts")]

    operations = [
        migrations.AddField(
            "consent",
            "last_used_at",
            models.DateTimeField(
                blank=True,
                null=True,
                help_text="When a token was given on it last; it may be used for ten minutes more.",
            ),
        ),
        migrations.RunSQL("drop function if exists connections_of(uuid)", migrations.RunSQL.noop),
        SystemFunctions("connections"),
    ]
