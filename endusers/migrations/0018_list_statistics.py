from django.db import migrations

from authsec.database.operations import SystemFunctions

# Without them the planner takes the share that a tenant has of all rows off what only this tenant can have.
TOGETHER = """
create statistics endusers_tier_stats (mcv, dependencies) on tenant_id, plan_tier_id from endusers_enduser;
create statistics oauth_consent_app_stats (mcv, dependencies) on tenant_id, application_id from oauth_consent;
create statistics oauth_consent_client_stats (mcv, dependencies) on tenant_id, client_id from oauth_consent;
analyze endusers_enduser;
analyze oauth_consent;
"""
APART = "drop statistics endusers_tier_stats, oauth_consent_app_stats, oauth_consent_client_stats"
FORMER = "drop function if exists planned_rows(text)"


class Migration(migrations.Migration):
    """The list decides by what the planner expects whether to walk or to sort: it has to know what belongs together."""

    dependencies = [("endusers", "0017_daily_count"), ("oauth", "0001_initial")]

    operations = [
        migrations.RunSQL(TOGETHER, APART),
        migrations.RunSQL(
            ["set local role authsec_system", FORMER, "set local role none"], migrations.RunSQL.noop
        ),
        SystemFunctions("end_users_source", "search_end_users", "chosen_end_users"),
    ]
