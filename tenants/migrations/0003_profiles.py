from django.db import migrations

from authsec.database.operations import SystemFunctions

KEEP_AN_OWNER = """
create trigger keep_an_owner after update or delete on tenants_membership
  for each row execute function keep_an_owner()
"""


class Migration(migrations.Migration):
    """Profiles follow sign-ins; the last owner is kept by the database; search by part of a name or an address."""

    dependencies = [("tenants", "0002_walls"), ("database", "0002_cache")]

    operations = [
        SystemFunctions("profiles", "last_owner"),
        migrations.RunSQL(KEEP_AN_OWNER, "drop trigger keep_an_owner on tenants_membership"),
    ]
