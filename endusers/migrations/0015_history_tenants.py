from django.db import migrations, models

TENANT = models.ForeignKey(
    db_constraint=False,
    db_index=False,
    on_delete=models.deletion.PROTECT,
    related_name="+",
    to="tenants.tenant",
)


class Migration(migrations.Migration):
    """History names its tenant by value: looked up for each row of it, that made a bulk action dearer for nothing.

    The policy lets in no other tenant's row, and nobody deletes a tenant.
    """

    dependencies = [("endusers", "0014_note_seen"), ("tenants", "0001_initial")]

    operations = [
        migrations.AlterField("standingchange", "tenant", TENANT),
        migrations.AlterField("outcome", "tenant", TENANT),
    ]
