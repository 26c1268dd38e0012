from django.db import migrations, models


class Migration(migrations.Migration):
    """A member's type has a history beside the status."""

    dependencies = [("endusers", "0005_consumerships")]

    operations = [
        migrations.AddField("standingchange", "from_type", models.CharField(blank=True, max_length=20)),
        migrations.AddField("standingchange", "to_type", models.CharField(blank=True, max_length=20)),
    ]
