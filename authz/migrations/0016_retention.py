from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("authz", "0015_who_had"),
        ("endusers", "0008_retention"),
        ("tenants", "0018_retention"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="applicationpast",
            index=models.Index(fields=["until"], name="authz_past_until_idx"),
        ),
        migrations.AddIndex(
            model_name="binding",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["ended_at"],
                name="authz_binding_closed_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="groupmember",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["ended_at"],
                name="authz_groupmember_closed_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="rolescope",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["ended_at"],
                name="authz_rolescope_closed_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="scope",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["ended_at"],
                name="authz_scope_closed_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="serviceaccountoperator",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["ended_at"],
                name="authz_operator_closed_idx",
            ),
        ),
    ]
