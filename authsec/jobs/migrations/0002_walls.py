from django.db import migrations

from authsec.database.operations import TenantPolicy

TABLES = ("jobs", "events", "workers", "periodic_defers")


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0001_initial"),
        ("procrastinate", "0041_post_retry_failed_job"),
        ("database", "0001_roles"),
    ]

    operations = [
        TenantPolicy("Job"),
        # The queue belongs to no tenant and has no policies: a request may put a job in and learn its number.
        migrations.RunSQL(
            [
                *(f"revoke all on procrastinate_{name} from authsec_app" for name in TABLES),
                "grant insert, select (id) on procrastinate_jobs to authsec_app",
                "grant insert on procrastinate_events to authsec_app",
            ],
            migrations.RunSQL.noop,
        ),
    ]
