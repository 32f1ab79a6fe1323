"""Orders' facts tell apart what is accepted and what a key's standing acceptance covers."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0019_forecasts_begin"), ("policies", "0010_standing_by_key")]

    operations = [migrations.RunSQL((SQL / "orders_facts.sql").read_text(), migrations.RunSQL.noop)]
