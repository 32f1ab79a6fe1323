"""A route counts while its provider does. The text: `orders/sql/orders_facts.sql`."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_quotes")]

    operations = [migrations.RunSQL((SQL / "orders_facts.sql").read_text(), migrations.RunSQL.noop)]
