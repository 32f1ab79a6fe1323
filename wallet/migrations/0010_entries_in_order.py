"""An account's entries in the order in which pairs (account, id) are compared. The function: `wallet/sql/`."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("wallet", "0009_debt_made_meanwhile")]

    operations = [
        migrations.RemoveIndex(model_name="entry", name="entry_of_account"),
        migrations.AddIndex(
            model_name="entry", index=models.Index(fields=["account", "id"], name="entry_of_account")
        ),
        migrations.RunSQL((SQL / "wallet_entry_at.sql").read_text(), migrations.RunSQL.noop),
    ]
