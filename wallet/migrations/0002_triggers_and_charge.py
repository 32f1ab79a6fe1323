"""What the ledger refuses, and the one function that charges. Their text lies in `wallet/sql/`."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"

DROP = """
drop function if exists wallet_charge(bigint, numeric, text, text, text, bigint, text, text, timestamptz);
drop function if exists wallet_system_account(text);
drop function if exists wallet_check_legs() cascade;
drop function if exists wallet_check_sum() cascade;
drop function if exists wallet_apply_entry() cascade;
drop function if exists wallet_refuse_balance() cascade;
drop function if exists wallet_refuse_change() cascade;
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0001_ledger")]

    operations = [
        migrations.RunSQL((SQL / "triggers.sql").read_text(), DROP),
        migrations.RunSQL((SQL / "wallet_charge.sql").read_text(), migrations.RunSQL.noop),
    ]
