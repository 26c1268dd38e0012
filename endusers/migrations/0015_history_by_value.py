from django.db import migrations, models

TENANT = models.ForeignKey(
    db_constraint=False,
    db_index=False,
    on_delete=models.deletion.PROTECT,
    related_name="+",
    to="tenants.tenant",
)


class Migration(migrations.Migration):
    """History is written by value: a reference looked up for each row of it made a bulk action a third dearer."""

    dependencies = [("endusers", "0014_note_seen"), ("tenants", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "alter table endusers_standingchange drop constraint endusers_standingchange_user_same_tenant",
                    migrations.RunSQL.noop,
                )
            ],
            state_operations=[
                migrations.RemoveIndex("standingchange", "endusers_standing_idx"),
                migrations.RemoveField("standingchange", "user"),
                migrations.AddField("standingchange", "user_id", models.UUIDField()),
                migrations.AddIndex(
                    "standingchange",
                    models.Index(fields=["tenant", "user_id", "at"], name="endusers_standing_idx"),
                ),
            ],
        ),
        migrations.AlterField("standingchange", "tenant", TENANT),
        migrations.AlterField("outcome", "tenant", TENANT),
    ]
