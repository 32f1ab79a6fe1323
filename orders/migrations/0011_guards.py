"""What the database refuses of orders and their timelines. The text: `orders/sql/order_guards.sql`."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0010_unsent_and_held")]

    operations = [
        migrations.RunSQL((SQL / "order_guards.sql").read_text(), "DROP FUNCTION orders_refuse_rewrite() CASCADE"),
    ]
