from django.db import migrations, models


class Migration(migrations.Migration):
    """An event names its tenant by value, as it names everything else: the policy keeps out every other one."""

    dependencies = [("audit", "0004_about")]

    operations = [
        migrations.AlterField(
            "event",
            "tenant",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=models.deletion.PROTECT,
                related_name="+",
                to="tenants.tenant",
            ),
        ),
    ]
