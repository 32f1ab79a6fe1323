"""Money in and money back as SQL functions beside `wallet_charge()`: one round trip each."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"

DROP = """
drop function if exists wallet_refund(bigint, numeric, text, text, bigint, text, text, timestamptz);
drop function if exists wallet_top_up(bigint, numeric, text, text, text, timestamptz);
drop function if exists wallet_lock(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0003_balance")]

    operations = [
        migrations.RunSQL((SQL / "wallet_moves.sql").read_text(), DROP),
        migrations.RunSQL((SQL / "wallet_refund.sql").read_text(), migrations.RunSQL.noop),
    ]
