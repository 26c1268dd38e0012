from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("oauth", "0023_connection_logos"),
        ("tenants", "0018_retention"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["at"], name="oauth_decision_at_idx"),
        ),
    ]
