import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import authsec.database.fields
from authsec.database.operations import SameTenant, SystemFunctions, TenantPolicy


class Migration(migrations.Migration):
    """Whom people ask about an Application and where its rules stand, its logo, and how its address was proved."""

    dependencies = [
        ("authz", "0008_kept_plan"),
        ("tenants", "0013_folding"),
    ]

    operations = [
        migrations.AddField(
            model_name="application",
            name="check_problem",
            field=models.CharField(blank=True, help_text="What the last check missed.", max_length=500),
        ),
        migrations.AddField(
            model_name="application",
            name="checked_at",
            field=models.DateTimeField(blank=True, help_text="When a proof was looked for last.", null=True),
        ),
        migrations.AddField(
            model_name="application",
            name="failing_since",
            field=models.DateTimeField(blank=True, help_text="When a proof was missed first.", null=True),
        ),
        migrations.AddField(
            model_name="application",
            name="logo_digest",
            field=models.CharField(blank=True, help_text="Which logo it has; empty: none.", max_length=64),
        ),
        migrations.AddField(
            model_name="application",
            name="privacy_uri",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="application",
            name="support_contact",
            field=models.CharField(blank=True, help_text="E-mail address or https page.", max_length=320),
        ),
        migrations.AddField(
            model_name="application",
            name="terms_uri",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="application",
            name="verified_by",
            field=models.CharField(
                blank=True,
                choices=[
                    ("document", "The document at the address names this server"),
                    ("named", "The document at the address names this Application"),
                    ("dns", "A DNS record names this Application"),
                    ("loopback", "An address of this computer, in development"),
                ],
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="ApplicationLogo",
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
                ("content", models.BinaryField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                    models.UniqueConstraint(
                        fields=("tenant", "application"), name="authz_applicationlogo_uniq"
                    )
                ],
            },
        ),
        TenantPolicy("ApplicationLogo"),
        SameTenant("ApplicationLogo", "application"),
        # Until now an address was proved in one way only.
        migrations.RunSQL(
            """
            set local role authsec_system;
            update authz_application set verified_by = 'loopback' where verified_at is not null;
            set local role none;
            """,
            migrations.RunSQL.noop,
        ),
        SystemFunctions("logo"),
    ]
