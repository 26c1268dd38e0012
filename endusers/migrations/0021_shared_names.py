from django.db import migrations

from authsec.database.operations import SystemFunctions

FORMER = (
    "people_named(text, text)",
    "named_terms(text, text)",
    "end_users_expected(jsonb, integer)",
    "end_users_page(jsonb, text, boolean, boolean, timestamptz, uuid, integer, integer, integer, integer)",
)


class Migration(migrations.Migration):
    """A name that thousands share is counted behind the page, a whole address looked up as one, and the suspended are
    found through the history.
    """

    dependencies = [("endusers", "0020_tier_holders"), ("oauth", "0001_initial"), ("tenants", "0004_search")]

    operations = [
        migrations.RunSQL(
            [
                "set local role authsec_system",
                *(f"drop function if exists {name}" for name in FORMER),
                "set local role none",
            ],
            migrations.RunSQL.noop,
        ),
        SystemFunctions("end_users_source", "search_end_users", "chosen_end_users"),
    ]
