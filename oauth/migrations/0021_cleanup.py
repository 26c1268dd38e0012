import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What the hourly cleanup finds by an index, and no constraint that reads a whole table for each deleted row."""

    dependencies = [("oauth", "0020_client_sessions")]

    operations = [
        migrations.AlterField(
            "accesstoken",
            "source_refresh_token",
            models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="oauth.refreshtoken",
            ),
        ),
        migrations.AddIndex(
            "clientapproval",
            models.Index(
                condition=models.Q(("last_used_at__isnull", True), ("status", "pending")),
                fields=["last_seen_at"],
                name="oauth_clientapproval_open_idx",
            ),
        ),
    ]
