import django.db.models.deletion
from django.db import migrations, models

import authsec.database.fields
from authsec.database.operations import SameTenant, SystemFunctions


class Migration(migrations.Migration):
    """A change of a binding's terms keeps the old ones, so that a past moment is answered by what stood then."""

    dependencies = [("authz", "0010_tools")]

    operations = [
        migrations.AddField(
            "binding",
            "since",
            models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            "binding",
            "superseded_by",
            authsec.database.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="authz.binding",
            ),
        ),
        SameTenant("Binding", "superseded_by"),
        migrations.AddIndex(
            "binding",
            models.Index(
                condition=models.Q(superseded_by__isnull=False),
                fields=["tenant", "superseded_by", "since"],
                name="authz_binding_superseded_idx",
            ),
        ),
        migrations.AddConstraint(
            "binding",
            models.CheckConstraint(
                condition=models.Q(superseded_by=None) | models.Q(ended_at__isnull=False),
                name="authz_binding_superseded_is_closed",
            ),
        ),
        SystemFunctions("effective_grants", "changes"),
    ]
