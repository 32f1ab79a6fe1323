"""The last pass of each periodic job, and since when there could have been one."""

from django.db import migrations, models
from django.utils import timezone


def installed(apps, schema_editor):
    apps.get_model("plumbing", "TickPass").objects.create(name="", at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("plumbing", "0001_cache")]

    operations = [
        migrations.CreateModel(
            name="TickPass",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunPython(installed, migrations.RunPython.noop),
    ]
