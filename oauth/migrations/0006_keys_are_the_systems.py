from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("oauth", "0005_family_end")]

    operations = [
        # Signing is the system's work: a request's role never needs the table, not even its encrypted part.
        migrations.RunSQL(
            "revoke all on oauth_signingkey from authsec_app",
            "grant select, insert, update, delete on oauth_signingkey to authsec_app",
        ),
    ]
