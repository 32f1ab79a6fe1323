"""How long a run has waited to be sent, since when that was looked at, and orders held for want of a provider."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0009_quotes_sql'),
    ]

    operations = [
        migrations.AddField(
            model_name='provider',
            name='watched_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='provider',
            name='watched_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='due_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('ended_at__isnull', True), models.Q(('held_reason', ''), _negated=True)), fields=['id'], name='order_held'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('due_since__isnull', False), ('state', 'queued')), fields=['due_since'], name='run_put_back'),
        ),
    ]
