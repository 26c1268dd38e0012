from django.db import migrations

from authsec.database.operations import Announce, SystemFunctions


class Migration(migrations.Migration):
    """Tell every serving process which client was shut out, as it commits."""

    dependencies = [("oauth", "0006_keys_are_the_systems"), ("tenants", "0009_changes")]

    operations = [
        SystemFunctions("changes"),
        Announce("Client", "announce_client", when=("disabled_at", "api_access", "client_id")),
        Announce("ClientApproval", "announce_denial", "insert", "update", condition="new.status = 'denied'"),
    ]
