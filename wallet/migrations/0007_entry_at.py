"""Find the place of a time in an account's entries."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"

DROP = "drop function if exists wallet_entry_at(bigint, timestamptz);"


class Migration(migrations.Migration):
    dependencies = [("wallet", "0006_moves")]

    operations = [migrations.RunSQL((SQL / "wallet_entry_at.sql").read_text(), DROP)]
