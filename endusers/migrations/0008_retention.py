from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("endusers", "0007_former_tiers"),
        ("tenants", "0018_retention"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="endusertier",
            index=models.Index(
                condition=models.Q(("to_at__isnull", False)),
                fields=["to_at"],
                name="endusers_tier_closed_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="standingchange",
            index=models.Index(fields=["at"], name="endusers_standing_at_idx"),
        ),
    ]
