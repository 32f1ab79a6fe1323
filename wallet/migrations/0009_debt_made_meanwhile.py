"""A move that waited for a wallet sees the debt that was made meanwhile. Its text: `wallet/sql/wallet_moves.sql`."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("wallet", "0008_one_top_up_a_bank_line")]

    operations = [migrations.RunSQL((SQL / "wallet_moves.sql").read_text(), migrations.RunSQL.noop)]
