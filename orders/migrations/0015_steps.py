"""An order that a provider has taken is never pending again. The text: `orders/sql/order_steps.sql`."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0014_catalogue_syncs")]

    operations = [
        migrations.RunSQL((SQL / "order_steps.sql").read_text(), "DROP FUNCTION orders_refuse_step_back() CASCADE"),
    ]
