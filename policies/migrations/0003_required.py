"""Which versions an order needs, as a function that other apps' SQL may call too."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("policies", "0002_guards")]

    operations = [
        migrations.RunSQL(
            (SQL / "policies_required.sql").read_text(), "DROP FUNCTION policies_required(bigint, timestamptz)"
        ),
    ]
