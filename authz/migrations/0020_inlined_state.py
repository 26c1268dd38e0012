from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """The state of a binding within its caller's plan: as immutable, which its dates forbid, it was called for each."""

    dependencies = [("authz", "0019_tier_by_index")]

    operations = [SystemFunctions("effective_grants")]
