from django.db import migrations, models

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    dependencies = [("tenants", "0011_second_factor_feed")]

    operations = [
        migrations.AddField("invitation", "accepted_by", models.UUIDField(blank=True, null=True)),
        migrations.AddField("invitation", "declined_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("invitation", "sent_by", models.UUIDField(blank=True, null=True)),
        migrations.AddField("invitation", "sent_by_kind", models.CharField(blank=True, max_length=20)),
        migrations.AddField("invitation", "sent_by_name", models.CharField(blank=True, max_length=255)),
        migrations.AddIndex(
            "invitation",
            models.Index(
                models.F("tenant"),
                models.F("created_at").desc(),
                models.F("id").desc(),
                name="tenants_invitation_at_idx",
            ),
        ),
        migrations.AddConstraint(
            "invitation",
            models.UniqueConstraint(
                condition=models.Q(accepted_at=None, declined_at=None, revoked_at=None),
                fields=("tenant", "email"),
                name="tenants_invitation_open_uniq",
            ),
        ),
        SystemFunctions("invitation_by_digest"),
    ]
