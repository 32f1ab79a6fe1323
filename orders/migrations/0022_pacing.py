"""Parts that a customer chooses, the interval an order keeps, and the daily cap of a link (R17, R18).

Orders under way keep the interval that their service has now: until now it was read from there. The facts of an order
are read by its link too, by a function beside the one of before, which code of the last release goes on calling.
"""

from pathlib import Path

from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
KEEP_INTERVALS = """
UPDATE orders_order AS placed SET run_interval_minutes = service.run_interval_minutes
FROM orders_service AS service
WHERE service.id = placed.service_id AND placed.ended_at IS NULL AND service.run_interval_minutes > 0
    AND EXISTS (SELECT FROM orders_run AS run WHERE run.order_id = placed.id AND run.kind = 'first' AND run.number = 2)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0021_terms_are_fixed"),
        ("policies", "0012_summary_is_hashed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("order", "drip_runs", models.PositiveSmallIntegerField(blank=True, null=True)),
        migrations.AddField("order", "run_interval_minutes", models.PositiveIntegerField(blank=True, null=True)),
        migrations.AddField("order", "daily_cap", models.PositiveIntegerField(blank=True, null=True)),
        migrations.AddField(
            "service",
            "daily_cap",
            models.PositiveIntegerField(
                blank=True,
                null=True,
                help_text="Units that one link gets in any 24 hours. Empty: as many as the largest order. "
                "0: no limit at all.",
            ),
        ),
        migrations.AddConstraint(
            "order",
            models.CheckConstraint(
                condition=models.Q(drip_runs__isnull=True) | models.Q(drip_runs__gte=2, run_interval_minutes__gte=1),
                name="order_drips_in_two_parts_or_more",
            ),
        ),
        migrations.AddConstraint(
            "order",
            models.CheckConstraint(
                condition=models.Q(daily_cap__isnull=True) | models.Q(daily_cap__gte=1),
                name="order_daily_cap_lets_something_go",
            ),
        ),
        migrations.RunSQL((SQL / "orders_facts.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(KEEP_INTERVALS, migrations.RunSQL.noop),
        migrations.RunSQL(
            (SQL / "order_pacing_guard.sql").read_text(), "DROP TRIGGER order_pacing_is_fixed ON orders_order"
        ),
    ]
