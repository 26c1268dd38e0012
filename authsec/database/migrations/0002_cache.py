from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("database", "0001_roles")]

    operations = [
        # Counters of sign-in limits when there is no Valkey: unlogged, since losing them in a crash is harmless.
        migrations.RunSQL(
            "create unlogged table authsec_cache (cache_key varchar(255) primary key, value text not null, "
            "expires timestamptz not null); create index authsec_cache_expires on authsec_cache (expires)",
            "drop table authsec_cache",
        ),
    ]
