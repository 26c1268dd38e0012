from django.db import migrations, models

from authsec.database.operations import SystemFunctions


class Migration(migrations.Migration):
    """Who holds something: read in the order of people, which the index of a role's bindings has from now on."""

    dependencies = [("authz", "0011_former_terms")]

    operations = [
        migrations.RemoveIndex(model_name="binding", name="authz_binding_role_idx"),
        migrations.AddIndex(
            model_name="binding",
            index=models.Index(fields=["tenant", "role", "user"], name="authz_binding_role_idx"),
        ),
        SystemFunctions("who_has"),
    ]
