from django.db import migrations

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """Introspection looks into the tables of groups, service accounts and limits for those alone who have any."""

    dependencies = [("oauth", "0029_no_last_use_of_tokens"), ("authz", "0022_alone")]

    operations = [SystemFunctions("introspect")]
