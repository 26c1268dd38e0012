import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import authsec.database.fields
from authsec.database.operations import SameTenant, SystemFunctions, TenantPolicy

# The Applications that a tenant's own client was registered for are its limits from now on.
KEEP = """
set local role authsec_system;
insert into oauth_clientlimit (id, tenant_id, client_id, application_id, scope, added_at)
select id, tenant_id, client_id, application_id, '', now() from oauth_clientapplication;
insert into oauth_clientapproval (id, tenant_id, client_id, status, first_seen_at, last_seen_at, reason, judged)
select gen_random_uuid(), l.tenant_id, l.client_id, 'pending', now(), now(), '', '{}'
  from oauth_clientapplication l group by l.tenant_id, l.client_id
    on conflict do nothing;
update oauth_clientapproval v set limited_at = now()
 where exists (select from oauth_clientapplication l where l.tenant_id = v.tenant_id and l.client_id = v.client_id);
set local role none;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("authz", "0008_kept_plan"),
        ("oauth", "0015_own_connections"),
        ("tenants", "0013_folding"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClientLimit",
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
                ("scope", models.CharField(blank=True, max_length=128)),
                ("added_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("added_by", models.UUIDField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_by", models.UUIDField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ClientLogo",
            fields=[
                (
                    "client",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="picture",
                        serialize=False,
                        to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                    ),
                ),
                ("uri", models.CharField(max_length=500)),
                ("digest", models.CharField(blank=True, db_index=True, max_length=64)),
                ("content", models.BinaryField(default=bytes)),
                ("problem", models.CharField(blank=True, max_length=300)),
                ("read_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name="consent",
            name="oauth_consent_client_idx",
        ),
        migrations.AddField(
            model_name="client",
            name="logo",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Digest of its picture in ClientLogo.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="clientapproval",
            name="judged",
            field=models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AddField(
            model_name="clientapproval",
            name="last_used_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When it last got a token for this tenant, to within five minutes.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="clientapproval",
            name="limited_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(
                models.F("tenant"),
                models.F("client"),
                models.OrderBy(models.F("created_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("withdrawn_at__isnull", True)),
                name="oauth_consent_live_idx",
            ),
        ),
        migrations.AddField(
            model_name="clientlimit",
            name="application",
            field=authsec.database.fields.TenantForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="authz.application",
            ),
        ),
        migrations.AddField(
            model_name="clientlimit",
            name="client",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="limits",
                to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="clientlimit",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.tenant",
            ),
        ),
        migrations.AddConstraint(
            model_name="clientlimit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("tenant", "client", "application", "scope"),
                name="oauth_clientlimit_live_uniq",
            ),
        ),
        TenantPolicy("ClientLimit"),
        SameTenant("ClientLimit", "application"),
        # Logos are public; only the system writes what everybody sees.
        migrations.RunSQL(
            "revoke insert, update, delete on oauth_clientlogo from authsec_app",
            "grant insert, update, delete on oauth_clientlogo to authsec_app",
        ),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
        SystemFunctions("lookup", "standing", "introspect", "last_use"),
        migrations.DeleteModel("ClientApplication"),
    ]
