from django.db import migrations

ONCE = """
create unique index mfa_authenticator_passkey_once on mfa_authenticator ((data -> 'credential_id'))
 where type = 'webauthn'
"""


class Migration(migrations.Migration):
    """A passkey belongs to one person (Web Authentication §7.1 step 26), and is found by what it says of itself."""

    dependencies = [("tenants", "0015_trusted_browsers"), ("mfa", "0003_authenticator_type_uniq")]

    operations = [migrations.RunSQL(ONCE, "drop index mfa_authenticator_passkey_once")]
