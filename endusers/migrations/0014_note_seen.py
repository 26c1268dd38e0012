from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    dependencies = [("endusers", "0013_tier_walls")]

    operations = [SystemFunctions("note_seen")]
