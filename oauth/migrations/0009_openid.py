from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from authsec.database.operations import SystemFunctions

ISSUED = ("accesstoken", "devicegrant", "grant", "idtoken", "refreshtoken")


def openid() -> ArrayField:
    return ArrayField(
        base_field=models.TextField(),
        blank=True,
        default=list,
        db_default=models.Value([], output_field=ArrayField(models.TextField())),
        help_text="OpenID Connect scopes that the person allowed: no entitlements.",
    )


class Migration(migrations.Migration):
    dependencies = [("oauth", "0008_last_use")]

    operations = [
        *(migrations.AddField(model, "openid", openid()) for model in ISSUED),
        SystemFunctions("userinfo", "introspect"),
    ]
