from django.db import migrations, models

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """Roles may be in tenant groups; what a system role gives is its table's, so the rows that said it are closed."""

    dependencies = [("authz", "0005_lists")]

    operations = [
        migrations.AlterField(
            model_name="rolescope",
            name="kind",
            field=models.CharField(
                choices=[
                    ("scope", "Scope"),
                    ("console", "Console permission"),
                    ("group", "Tenant group"),
                ],
                default="scope",
                max_length=8,
            ),
        ),
        migrations.RunSQL(
            """
            set local role authsec_system;
            update authz_rolescope r set ended_at = now() from authz_role o
             where o.id = r.role_id and o.system_key <> '' and r.kind = 'console' and r.ended_at is null;
            set local role none;
            """,
            migrations.RunSQL.noop,
        ),
        SystemFunctions("effective_grants"),
    ]
