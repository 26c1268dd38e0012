from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """What reached somebody through a plan names the tier that they held then."""

    dependencies = [("authz", "0017_members_page")]

    operations = [SystemFunctions("effective_grants")]
