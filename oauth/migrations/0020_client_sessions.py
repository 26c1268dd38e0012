import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import authsec.database.fields
from authsec.database.operations import SameTenant, TenantPolicy

SID = models.UUIDField(blank=True, help_text="An oauth_clientsession, while there is one.", null=True)


class Migration(migrations.Migration):
    """Where sessions signed their people in, so that clients hear when one is over."""

    dependencies = [("oauth", "0019_data_export"), ("tenants", "0016_passkeys")]

    operations = [
        migrations.AddField("grant", "sid", SID.clone()),
        migrations.AddField("refreshtoken", "sid", SID.clone()),
        migrations.CreateModel(
            name="ClientSession",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=authsec.database.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("session", models.UUIDField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "ended_at",
                    models.DateTimeField(blank=True, help_text="Kept until the client was told.", null=True),
                ),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "user",
                    authsec.database.fields.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenantuser",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["session"], name="oauth_clientsession_sid_idx"),
                    models.Index(fields=["tenant", "user"], name="oauth_clientsession_user_idx"),
                    models.Index(fields=["created_at"], name="oauth_clientsession_age_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("tenant", "session", "client"),
                        name="oauth_clientsession_live_uniq",
                    )
                ],
            },
        ),
        TenantPolicy("ClientSession"),
        SameTenant("ClientSession", "user"),
    ]
