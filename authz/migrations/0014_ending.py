"""Bindings by when they end, and who added what a role gives."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("authz", "0013_past_moments")]

    operations = [
        migrations.AddField("rolescope", "added_by", models.UUIDField(blank=True, null=True)),
        migrations.AddIndex(
            "binding",
            models.Index(
                fields=["tenant", "expires_at", "id"],
                condition=models.Q(ended_at__isnull=True, expires_at__isnull=False),
                name="authz_binding_ends_idx",
            ),
        ),
    ]
