from django.db import migrations


class Migration(migrations.Migration):
    """Nothing wrote the column: when a token was asked about last stands in its Decision."""

    dependencies = [("oauth", "0028_clients_go_quickly")]

    operations = [migrations.RemoveField(model_name="accesstoken", name="last_used_at")]
