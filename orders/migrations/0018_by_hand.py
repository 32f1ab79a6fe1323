"""Providers at whom staff deliver, and who of them delivers which run."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0017_routes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Handling',
            fields=[
                ('run', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='handling', serialize=False, to='orders.run')),
                ('taken_by', models.CharField(max_length=32)),
                ('taken_at', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='RunByHand',
            fields=[
            ],
            options={
                'verbose_name': 'run by hand',
                'verbose_name_plural': 'runs by hand',
                'proxy': True,
                'default_permissions': (),
                'indexes': [],
                'constraints': [],
            },
            bases=('orders.run',),
        ),
        migrations.AlterField(
            model_name='provider',
            name='adapter',
            field=models.CharField(choices=[('api_v2', 'API v2 over HTTP'), ('manual', 'by hand: staff deliver and report')], default='api_v2', max_length=16),
        ),
        migrations.AlterField(
            model_name='provider',
            name='api_url',
            field=models.URLField(blank=True, max_length=300),
        ),
        migrations.AddConstraint(
            model_name='provider',
            constraint=models.CheckConstraint(condition=models.Q(('adapter', 'manual'), models.Q(('api_url', ''), _negated=True), _connector='OR'), name='provider_is_called_at_an_address_or_by_hand'),
        ),
    ]
