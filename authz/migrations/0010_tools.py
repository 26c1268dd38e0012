import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import authsec.database.fields
from authsec.database.operations import SameTenant, TenantPolicy


class Migration(migrations.Migration):
    """What servers publish about their tools, and what operators decide about them."""

    dependencies = [
        ("authz", "0009_application_page"),
        ("tenants", "0013_folding"),
    ]

    operations = [
        migrations.CreateModel(
            name="Inventory",
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
                ("generation", models.PositiveBigIntegerField(default=0)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                (
                    "published_with",
                    models.CharField(blank=True, help_text="Id of the resource credential.", max_length=64),
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
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "application"), name="authz_inventory_app_uniq")
                ],
            },
        ),
        migrations.CreateModel(
            name="Tool",
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
                ("name", models.CharField(max_length=128)),
                ("title", models.CharField(blank=True, max_length=200)),
                ("description", models.TextField(blank=True)),
                ("input_schema", models.JSONField(blank=True, null=True)),
                ("annotations", models.JSONField(blank=True, null=True)),
                (
                    "suggested_scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128), blank=True, default=list, size=None
                    ),
                ),
                ("published_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "changed_at",
                    models.DateTimeField(blank=True, help_text="Of its description or schema.", null=True),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
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
                    models.Index(
                        fields=["tenant", "application", "name", "ended_at"], name="authz_tool_app_idx"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("tenant", "application", "name"),
                        name="authz_tool_name_uniq",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ToolRule",
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
                ("tool_name", models.CharField(max_length=128)),
                ("is_public", models.BooleanField(default=False)),
                (
                    "required_scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128), blank=True, default=list, size=None
                    ),
                ),
                ("decided_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_by", models.UUIDField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
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
                    models.Index(
                        fields=["tenant", "application", "tool_name", "ended_at"],
                        name="authz_toolrule_app_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("tenant", "application", "tool_name"),
                        name="authz_toolrule_name_uniq",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_public", False), ("required_scopes", []), _connector="OR"),
                        name="authz_toolrule_one_answer",
                    ),
                ],
            },
        ),
        TenantPolicy("Inventory"),
        TenantPolicy("Tool"),
        TenantPolicy("ToolRule"),
        SameTenant("Inventory", "application"),
        SameTenant("Tool", "application"),
        SameTenant("ToolRule", "application"),
    ]
