"""The function that reads all that a new order is decided on."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0003_staff_search"),
        ("policies", "0003_required"),
        ("wallet", "0003_balance"),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "orders_facts.sql").read_text(), "DROP FUNCTION orders_facts"
        ),
    ]
