"""A standing acceptance also covers documents that are added after it (docs/adr/0011-policies.md)."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("policies", "0005_drafts")]

    operations = [
        migrations.RunSQL((SQL / "policies_required.sql").read_text(), migrations.RunSQL.noop),
    ]
