"""What was given back of a top-up, what of it is lacking, and who else decides on a correction, written once.

The text of the trigger: `wallet/sql/wallet_payment_triggers.sql`.
"""

from pathlib import Path

from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ("wallet", "0010_entries_in_order"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='topup',
            name='top_up_moves_are_never_negative',
        ),
        migrations.AddField(
            model_name='topup',
            name='given_back',
            field=models.DecimalField(decimal_places=5, default=0, max_digits=18),
        ),
        migrations.AddField(
            model_name='topup',
            name='gone',
            field=models.DecimalField(decimal_places=5, default=0, max_digits=18),
        ),
        migrations.AddField(
            model_name='topup',
            name='lacking',
            field=models.DecimalField(decimal_places=5, default=0, max_digits=18),
        ),
        migrations.AlterField(
            model_name='transfer',
            name='kind',
            field=models.CharField(choices=[('top_up', 'Funds added'), ('bonus', 'Bonus'), ('charge', 'Charge'), ('refund', 'Refund'), ('goodwill', 'Goodwill'), ('adjustment', 'Correction'), ('payout', 'Paid out'), ('payout_returned', 'Payout returned'), ('taken_back', 'Payment taken back'), ('given_back', 'Payment given back'), ('debt_paid', 'Paid towards what was owed')], max_length=24),
        ),
        migrations.AddConstraint(
            model_name='topup',
            constraint=models.CheckConstraint(condition=models.Q(('credited__gte', 0), ('taken_back__gte', 0), ('given_back__gte', 0), ('gone__gte', 0), ('lacking__gte', 0)), name='top_up_moves_are_never_negative'),
        ),
        migrations.RunSQL((SQL / "wallet_payment_triggers.sql").read_text(), migrations.RunSQL.noop),
    ]
