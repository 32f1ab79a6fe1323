"""What models cannot say: ids from 10,000, free room in the hot table, and the function that places orders."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]

    operations = [
        migrations.RunSQL("ALTER SEQUENCE orders_order_id_seq RESTART WITH 10000", migrations.RunSQL.noop),
        migrations.RunSQL("ALTER TABLE orders_delivery SET (fillfactor = 50)", "ALTER TABLE orders_delivery RESET (fillfactor)"),
        migrations.RunSQL((SQL / "orders_place.sql").read_text(), "DROP FUNCTION orders_place(jsonb)"),
    ]
