from django.db import migrations

from authsec.database.operations import TenantPolicy


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [TenantPolicy("Event", append_only=True)]
