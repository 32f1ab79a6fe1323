"""Forecasts name when delivery begins and the early edge of the interval; nothing is forecast while nothing is sent."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0018_by_hand")]

    operations = [
        migrations.AlterModelOptions(
            name="servicehistory",
            options={"default_permissions": ("view",), "verbose_name": "forecast"},
        ),
        migrations.AddField(
            model_name="servicehistory",
            name="p10_s",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="servicehistory",
            name="start_p10_s",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="servicehistory",
            name="start_p50_s",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="servicehistory",
            name="start_p90_s",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name="servicehistory",
            constraint=models.CheckConstraint(
                condition=models.Q(("p50_s__gte", models.F("p10_s"))), name="half_take_no_less_than_one_in_ten"
            ),
        ),
        migrations.AddConstraint(
            model_name="servicehistory",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("start_p50_s__gte", models.F("start_p10_s")), ("start_p90_s__gte", models.F("start_p50_s"))
                ),
                name="nine_in_ten_begin_no_sooner_than_half",
            ),
        ),
        migrations.RunSQL((SQL / "orders_facts.sql").read_text(), migrations.RunSQL.noop),
    ]
