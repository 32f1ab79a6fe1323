"""The function that reads all that a new order is decided on."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"
# By whichever arguments it was made: the text grew since, and a database of before keeps the older one too.
BACKWARDS = """
DROP FUNCTION IF EXISTS orders_facts(bigint, bigint, text, timestamptz);
DROP FUNCTION IF EXISTS orders_facts(bigint, bigint, text, text, timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0003_staff_search"),
        ("policies", "0003_required"),
        ("wallet", "0003_balance"),
    ]

    operations = [
        migrations.RunSQL((SQL / "orders_facts.sql").read_text(), BACKWARDS),
    ]
