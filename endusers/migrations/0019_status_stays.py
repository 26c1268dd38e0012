from django.db import migrations, models

# New pages are filled to two fifths: a page then holds the next version of every row on it, which is longer by who, when
# and why. So suspending whoever came on one day, who lie side by side, moves no row and touches no index (PostgreSQL's
# heap-only tuples). Pages that are full already get room by vacuum and new versions.
ROOM = "alter table endusers_enduser set (fillfactor = 40)"
WHOLE = "alter table endusers_enduser reset (fillfactor)"


class Migration(migrations.Migration):
    """A change of status stays on its page: no index of end users knows the status any more."""

    dependencies = [("endusers", "0018_list_statistics")]

    operations = [
        migrations.RunSQL(ROOM, WHOLE),
        migrations.RemoveIndex("enduser", "endusers_suspended_idx"),
        migrations.AddIndex(
            "standingchange",
            models.Index(
                fields=["tenant", "user"],
                condition=models.Q(capacity="end_user", to_status="suspended"),
                name="endusers_suspensions_idx",
            ),
        ),
    ]
