"""The ledger itself refuses a refund beyond its charge. The text: `wallet/sql/wallet_refund_guard.sql`."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("wallet", "0011_given_back")]

    operations = [
        migrations.RunSQL(
            (SQL / "wallet_refund_guard.sql").read_text(), "DROP FUNCTION wallet_check_refund() CASCADE"
        ),
    ]
