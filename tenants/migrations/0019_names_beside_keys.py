from django.db import migrations, models


class Migration(migrations.Migration):
    """The index that finds a person's profile holds their name and address too: thousands are read from it alone."""

    dependencies = [("tenants", "0018_retention")]

    operations = [
        migrations.RemoveConstraint("profile", "tenants_profile_user_uniq"),
        migrations.AddConstraint(
            "profile",
            models.UniqueConstraint(
                fields=("tenant", "user"), include=("email", "display_name"), name="tenants_profile_user_uniq"
            ),
        ),
    ]
