import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import authsec.database.fields
from authsec.database.operations import SameTenant, SystemFunctions, TenantPolicy

DROP = "drop function if exists end_user_choices()"


class Migration(migrations.Migration):
    """Views of the list that a member keeps; the list's choices name them."""

    dependencies = [
        ("endusers", "0015_history_tenants"),
        ("tenants", "0018_retention"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
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
                ("name", models.CharField(max_length=40)),
                ("query", models.CharField(max_length=1000)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "user", "name"), name="endusers_savedview_name_uniq"
                    )
                ],
            },
        ),
        TenantPolicy("SavedView"),
        SameTenant("SavedView", "user"),
        migrations.RunSQL(
            ["set local role authsec_system", DROP, "set local role none"], migrations.RunSQL.noop
        ),
        SystemFunctions("search_end_users"),
    ]
