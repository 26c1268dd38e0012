from django.db import migrations

from authsec.database.operations import SameTenant, SystemFunctions, TenantPolicy


class Migration(migrations.Migration):
    dependencies = [("endusers", "0009_bulk"), ("oauth", "0001_initial"), ("authz", "0001_initial")]

    operations = [
        TenantPolicy("Outcome"),
        TenantPolicy("Upload"),
        TenantPolicy("UploadLine"),
        SameTenant("UploadLine", "upload"),
        SystemFunctions("chosen_end_users"),
    ]
