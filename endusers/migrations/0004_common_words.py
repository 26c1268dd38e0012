from django.db import migrations

from authsec.database.operations import SystemFunctions

# Their arguments changed: an earlier database still holds the functions as they were.
DROP = """
drop function if exists end_users_source(text, text, uuid, uuid, timestamptz, timestamptz, timestamptz, timestamptz);
drop function if exists search_end_users(text, text, text, text, uuid, timestamptz, timestamptz, timestamptz,
  timestamptz, text, boolean, timestamptz, uuid, integer);
"""


class Migration(migrations.Migration):
    """A common word walks the sort order instead of sorting all that match."""

    dependencies = [("endusers", "0003_search")]

    operations = [
        migrations.RunSQL(
            ["set local role authsec_system", DROP, "set local role none"], migrations.RunSQL.noop
        ),
        SystemFunctions("search_end_users"),
    ]
