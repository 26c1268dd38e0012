from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """The list's functions also read where people consented: tables of contexts above, named in SQL only."""

    dependencies = [
        ("endusers", "0002_walls"),
        ("tenants", "0004_search"),
        ("authz", "0001_initial"),
        ("oauth", "0001_initial"),
    ]

    operations = [SystemFunctions("search_end_users")]
