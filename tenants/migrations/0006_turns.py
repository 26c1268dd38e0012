from django.db import migrations, models

from authsec.database.operations import SystemFunctions

TAKE_TURNS = """
create trigger take_turns before update of type, status or delete on tenants_membership
  for each statement execute function take_turns()
"""


class Migration(migrations.Migration):
    """Changes of memberships wait in one line, whichever road they come by; the team can be paged."""

    dependencies = [("tenants", "0005_last_seen")]

    operations = [
        SystemFunctions("turns"),
        migrations.RunSQL(TAKE_TURNS, "drop trigger take_turns on tenants_membership"),
        migrations.AddIndex(
            "membership",
            models.Index(
                "tenant",
                models.F("joined_at").desc(),
                models.F("id").desc(),
                name="tenants_membership_joined_idx",
            ),
        ),
    ]
