"""The books are not emptied by a slip of the hand."""

from django.db import migrations

from plumbing.keeping import refuse_truncate


class Migration(migrations.Migration):
    dependencies = [("plumbing", "0003_truncate"), ("wallet", "0012_refund_guard")]

    operations = [migrations.RunSQL(*refuse_truncate(["wallet_account", "wallet_transfer", "wallet_entry"]))]
