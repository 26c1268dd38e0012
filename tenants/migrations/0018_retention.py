from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0017_closures"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="tenantclosure",
            index=models.Index(fields=["reopened_at"], name="tenants_closure_reopened_idx"),
        ),
    ]
