from django.db import migrations, models

from authsec.database.operations import SystemFunctions

SOURCE = "The token it was exchanged for (RFC 8693): it dies with that one."
ACTORS = "Who acts for the subject, the last one outermost (RFC 8693 §4.1)."
ACTED = "Who acted for the subject (RFC 8693 §4.1)."


class Migration(migrations.Migration):
    dependencies = [("oauth", "0010_client_documents")]

    operations = [
        migrations.AddField(
            "accesstoken", "source_token_id", models.UUIDField(null=True, blank=True, help_text=SOURCE)
        ),
        migrations.AddField("accesstoken", "act", models.JSONField(null=True, blank=True, help_text=ACTORS)),
        migrations.AddField("decision", "act", models.JSONField(null=True, blank=True, help_text=ACTED)),
        SystemFunctions("delegation", "introspect"),
    ]
