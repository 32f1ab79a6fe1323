"""A standing acceptance covers orders by key, while a key is not revoked (docs/adr/0011-policies.md)."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("policies", "0009_announcements")]

    operations = [migrations.RunSQL((SQL / "policies_required.sql").read_text(), migrations.RunSQL.noop)]
