"""All that was agreed about an order, and what was ordered, is written once. The text: `orders/sql/order_terms_guard.sql`."""

from pathlib import Path

from django.db import migrations

from plumbing.keeping import refuse_truncate

SQL = Path(__file__).resolve().parent.parent / "sql"
BACKWARDS = """
DROP TRIGGER order_link_is_kept_or_erased ON orders_order;
DROP TRIGGER order_terms_are_fixed ON orders_order;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0020_standing_by_key"), ("plumbing", "0003_truncate")]

    operations = [
        migrations.RunSQL((SQL / "order_terms_guard.sql").read_text(), BACKWARDS),
        migrations.RunSQL(*refuse_truncate(["orders_order", "orders_orderevent", "orders_quote"])),
    ]
