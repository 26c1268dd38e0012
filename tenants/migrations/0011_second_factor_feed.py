from django.db import migrations

from authsec.database.operations import Announce, SystemFunctions

REMOVED = """
create trigger announce_second_factor after delete on mfa_authenticator
  for each row when (old.type in ('totp', 'webauthn')) execute function announce_second_factor()
"""


class Migration(migrations.Migration):
    """Tell every serving process who is shut out for want of a second factor, as it commits."""

    dependencies = [("tenants", "0010_links"), ("mfa", "0003_authenticator_type_uniq")]

    operations = [
        SystemFunctions("second_factor"),
        migrations.RunSQL(REMOVED, "drop trigger announce_second_factor on mfa_authenticator"),
        Announce(
            "Tenant",
            "announce_second_factor_rule",
            "update",
            when=("second_factor_since", "second_factor_grace_days"),
        ),
    ]
