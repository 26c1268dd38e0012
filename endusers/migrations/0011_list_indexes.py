from django.db import migrations, models

from authsec.database.operations import SystemFunctions

# Their arguments changed: an earlier database still holds the functions as they were.
DROP = """
drop function if exists chosen_source(jsonb, uuid);
drop function if exists count_end_users(text, text, text, text, uuid, timestamptz, timestamptz, timestamptz,
  timestamptz, integer);
drop function if exists search_end_users(text, text, text, text, uuid, timestamptz, timestamptz, timestamptz,
  timestamptz, boolean, text, boolean, timestamptz, uuid, integer);
drop function if exists end_users_source(text, boolean, text, uuid, uuid, timestamptz, timestamptz, timestamptz,
  timestamptz);
"""


class Migration(migrations.Migration):
    """Of the statuses only the suspended ones have an index, in the list's own order; nothing is sorted by birth."""

    dependencies = [("endusers", "0010_bulk_walls"), ("oauth", "0001_initial")]

    operations = [
        migrations.RemoveIndex("enduser", "endusers_created_idx"),
        migrations.RemoveIndex("enduser", "endusers_status_idx"),
        migrations.AddIndex(
            "enduser",
            models.Index(
                "tenant",
                models.F("last_seen_at").desc(nulls_last=True),
                models.F("user").desc(),
                condition=models.Q(status="suspended"),
                name="endusers_suspended_idx",
            ),
        ),
        migrations.RunSQL(
            ["set local role authsec_system", DROP, "set local role none"], migrations.RunSQL.noop
        ),
        SystemFunctions("search_end_users", "chosen_end_users"),
    ]
