import django.db.models.deletion
from django.db import migrations, models

import authsec.database.fields
from authsec.database.operations import SameTenant, SystemFunctions, TenantPolicy


class Migration(migrations.Migration):
    """A past moment is answered by the tier, the standing and the Applications of that moment."""

    dependencies = [
        ("authz", "0012_who_has"),
        ("endusers", "0006_standing_types"),
        ("tenants", "0017_closures"),
    ]

    operations = [
        migrations.CreateModel(
            "ApplicationPast",
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
                ("until", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[("enabled", "Enabled"), ("disabled", "Disabled")], max_length=10
                    ),
                ),
                ("verified", models.BooleanField()),
                (
                    "admission",
                    models.CharField(
                        choices=[
                            ("anyone", "Anyone who signs in"),
                            ("members", "Active members only"),
                            ("listed", "People listed beforehand"),
                        ],
                        max_length=10,
                    ),
                ),
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
                "indexes": [
                    models.Index(fields=["tenant", "application", "until"], name="authz_past_application_idx")
                ],
            },
        ),
        TenantPolicy("ApplicationPast"),
        SameTenant("ApplicationPast", "application"),
        SystemFunctions("effective_grants", "subjects"),
    ]
