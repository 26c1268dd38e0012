import django.db.models.deletion
from django.db import migrations, models

import authsec.database.fields
from authsec.database.operations import SameTenant, SystemFunctions, TenantPolicy


class Migration(migrations.Migration):
    """What introspection comes to, by Application, hour and reason."""

    dependencies = [
        ("authz", "0009_application_page"),
        ("oauth", "0013_resource"),
        ("tenants", "0014_session"),
    ]

    operations = [
        migrations.CreateModel(
            name="IntrospectionCount",
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
                ("hour", models.DateTimeField(help_text="When the hour began.")),
                ("active", models.BooleanField(help_text="What was answered.")),
                (
                    "reason",
                    models.CharField(blank=True, help_text="A key of oauth.reasons.", max_length=24),
                ),
                ("number", models.BigIntegerField()),
                (
                    "application",
                    authsec.database.fields.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="authz.application",
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
            ],
            options={
                "indexes": [models.Index(fields=["hour"], name="oauth_count_hour_idx")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "application", "hour", "active", "reason"),
                        name="oauth_introspectioncount_uniq",
                    )
                ],
            },
        ),
        TenantPolicy("IntrospectionCount"),
        SameTenant("IntrospectionCount", "application"),
        SystemFunctions("activity", "introspect"),
    ]
