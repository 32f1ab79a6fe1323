"""Open flags by kind: the page *needs a person* counts and pages through them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0015_steps")]

    operations = [
        migrations.AddIndex(
            model_name="flag",
            index=models.Index(
                condition=models.Q(("resolved_at__isnull", True)), fields=["kind", "id"], name="flag_open_by_kind"
            ),
        ),
    ]
