from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """Whether an identity may be folded into another one of the same person."""

    dependencies = [("tenants", "0012_invitations")]

    operations = [SystemFunctions("links")]
