"""What orders took enters the facts of a new one, and the quote that was shown is kept with it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_enabled_providers"), ("wallet", "0009_debt_made_meanwhile")]

    operations = [
        migrations.RunSQL((SQL / name).read_text(), migrations.RunSQL.noop)
        for name in ("orders_facts.sql", "orders_place.sql")
    ]
