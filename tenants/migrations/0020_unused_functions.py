from django.db import migrations

UNUSED = ["drop function if exists user_in_tenant(uuid, uuid)", "drop function if exists slug_taken(text)"]


class Migration(migrations.Migration):
    """Two functions that read past the wall of tenants and that nothing calls any more."""

    dependencies = [("tenants", "0019_names_beside_keys")]

    operations = [
        migrations.RunSQL(
            ["set local role authsec_system", *UNUSED, "set local role none"], migrations.RunSQL.noop
        )
    ]
