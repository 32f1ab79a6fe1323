"""A version's checksum covers its summary, of those begun from now on; what no machine decided, a person did."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("policies", "0011_dates_and_clauses")]

    operations = [
        migrations.AddField("policyversion", "checksum_form", models.PositiveSmallIntegerField(default=1, editable=False)),
        migrations.AlterField("policyversion", "checksum_form", models.PositiveSmallIntegerField(default=2, editable=False)),
        migrations.AddConstraint(
            "policyversion",
            models.CheckConstraint(condition=models.Q(("checksum_form__in", [1, 2])), name="checksum_form_is_known"),
        ),
        migrations.AddConstraint(
            "decision",
            models.CheckConstraint(
                condition=models.Q(models.Q(("automated", "none"), _negated=True), ("actor__startswith", "staff:"), _connector="OR"),
                name="what_no_machine_decided_a_person_did",
            ),
        ),
    ]
