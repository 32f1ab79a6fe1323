"""What a customer can spend, as a function that other apps' SQL may call too."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("wallet", "0002_triggers_and_charge")]

    operations = [
        migrations.RunSQL((SQL / "wallet_balance.sql").read_text(), "drop function wallet_balance(bigint)"),
    ]
