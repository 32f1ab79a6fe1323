"""How far customers have been told of a change by mail."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("policies", "0008_publishing_guards")]

    operations = [
        migrations.CreateModel(
            name="Announcement",
            fields=[
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="announcement",
                        serialize=False,
                        to="policies.policyversion",
                    ),
                ),
                ("after", models.BigIntegerField(default=0)),
                ("told", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at__isnull", True)),
                        fields=["version"],
                        name="announcement_unfinished",
                    )
                ],
            },
        ),
    ]
