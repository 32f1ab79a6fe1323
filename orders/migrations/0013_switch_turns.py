"""Who turned the switches, when and why: rows that are only ever added."""

from django.db import migrations, models

WRITTEN_ONCE = """
    CREATE TRIGGER switch_turn_is_written_once BEFORE UPDATE OR DELETE ON orders_switchturn
    FOR EACH ROW EXECUTE FUNCTION orders_refuse_rewrite()
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0012_one_order_a_quote")]

    operations = [
        migrations.CreateModel(
            name="SwitchTurn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("switch", models.CharField(choices=[("selling", "Selling"), ("dispatch", "Dispatch")], max_length=8)),
                ("stopped", models.BooleanField()),
                ("reason", models.CharField(max_length=200)),
                ("actor", models.CharField(max_length=32)),
                ("at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="switch_is_turned_for_a_reason"
                    )
                ],
            },
        ),
        migrations.RunSQL(WRITTEN_ONCE, "DROP TRIGGER switch_turn_is_written_once ON orders_switchturn"),
    ]
