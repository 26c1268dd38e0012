from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    dependencies = [("oauth", "0007_changes")]

    operations = [SystemFunctions("last_use")]
