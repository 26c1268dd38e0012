from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from authsec.database.operations import SystemFunctions


def requested() -> ArrayField:
    return ArrayField(
        models.TextField(), default=list, blank=True, help_text="Asked for, whether given or not."
    )


class Migration(migrations.Migration):
    dependencies = [("oauth", "0002_walls"), ("authz", "0002_walls")]

    operations = [
        *(
            migrations.AddField(model, "requested", requested())
            for model in ("grant", "accesstoken", "refreshtoken", "idtoken", "devicegrant")
        ),
        SystemFunctions("lookup", "standing", "introspect"),
    ]
