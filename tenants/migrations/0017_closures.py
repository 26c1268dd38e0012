import django.db.models.deletion
from django.db import migrations, models

import authsec.database.fields
from authsec.database.operations import TenantPolicy


class Migration(migrations.Migration):
    """When a tenant was closed and opened again, for questions about a past moment."""

    dependencies = [("tenants", "0016_passkeys")]

    operations = [
        migrations.CreateModel(
            "TenantClosure",
            [
                (
                    "id",
                    models.UUIDField(
                        default=authsec.database.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("closed_at", models.DateTimeField()),
                ("reopened_at", models.DateTimeField()),
                ("reopened_by", models.UUIDField(blank=True, null=True)),
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
                "indexes": [models.Index(fields=["tenant", "reopened_at"], name="tenants_closure_idx")],
            },
        ),
        TenantPolicy("TenantClosure"),
    ]
