"""Every way money moves, spending held back, and what the rows beside the ledger refuse. Their text: `wallet/sql/`."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"

# An installation that stood at 0005 has these with other parameters or columns; `create or replace` keeps no such change.
BEFORE = """
drop function if exists wallet_top_up(bigint, numeric, text, text, text, timestamptz);
drop function if exists wallet_lock(bigint);
"""

DROP_SAFEGUARDS = """
drop function wallet_safeguard(bigint, timestamptz);
drop function wallet_spent_by_ledger(bigint[], date);
drop function wallet_count_refund(bigint, numeric, timestamptz);
drop function wallet_refuse_beyond(text, numeric, numeric, numeric);
drop function wallet_count_spending(bigint, numeric, timestamptz);
drop function wallet_day(timestamptz);
"""


def text(name: str) -> str:
    return (SQL / name).read_text()


class Migration(migrations.Migration):
    dependencies = [("wallet", "0005_wallet_tables")]

    operations = [
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(text("wallet_safeguards.sql"), DROP_SAFEGUARDS),
        migrations.RunSQL(text("wallet_moves.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(text("wallet_charge.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(text("wallet_refund.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(text("wallet_payment_triggers.sql"), "drop function wallet_refuse_rewrite() cascade"),
    ]
