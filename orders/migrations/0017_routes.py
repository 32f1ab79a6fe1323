"""Routes that a run may move along: what each takes, how fast, the breaker of its provider, and what was tried where."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0016_open_flags'),
    ]

    operations = [
        migrations.AddField(
            model_name='attempt',
            name='provider_service',
            field=models.CharField(blank=True, db_default='', max_length=64),
        ),
        migrations.AddField(
            model_name='provider',
            name='opened_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='provider',
            name='sends_per_minute',
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='route',
            name='capacity',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='wave',
            name='provider',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='waves', to='orders.provider'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('state__in', ['submitting', 'unknown', 'live'])), fields=['provider', 'provider_service'], name='run_upstream'),
        ),
        migrations.AddIndex(
            model_name='wave',
            index=models.Index(fields=['provider', 'started_at'], name='wave_of_provider'),
        ),
        migrations.AddConstraint(
            model_name='provider',
            constraint=models.CheckConstraint(condition=models.Q(('sends_per_minute__isnull', True), ('sends_per_minute__gte', 1), _connector='OR'), name='provider_takes_at_least_one_run_a_minute'),
        ),
        migrations.AddConstraint(
            model_name='route',
            constraint=models.CheckConstraint(condition=models.Q(('capacity__isnull', True), ('capacity__gte', 1), _connector='OR'), name='route_takes_at_least_one_run'),
        ),
    ]
