from django.db import migrations

from authsec.database.operations import CreateRoles


class Migration(migrations.Migration):
    initial = True

    # Default privileges reach only tables that come later: the roles come before everything else.
    run_before = [
        ("contenttypes", "0001_initial"),
        ("tenants", "0001_initial"),
    ]

    operations = [CreateRoles()]
