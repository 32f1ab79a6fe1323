"""Lists of providers, staged as differences, and why an import closed a route."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

# Imports before this one said on the service alone why a route is closed.
GONE = """
    UPDATE orders_route AS route SET closed_because = 'gone' FROM orders_service AS service
    WHERE service.id = route.service_id AND NOT route.enabled AND service.inactive_reason = 'no longer in the provider''s list'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0013_switch_turns'),
    ]

    operations = [
        migrations.CreateModel(
            name='CatalogueSync',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('open', 'waits for staff'), ('done', 'done'), ('superseded', 'a later list came'), ('refused', 'not believed'), ('failed', 'not read')], max_length=10)),
                ('finding', models.CharField(blank=True, max_length=200)),
                ('fetched_at', models.DateTimeField()),
                ('checked_at', models.DateTimeField()),
                ('listed', models.PositiveIntegerField(default=0)),
                ('unreadable', models.PositiveIntegerField(default=0)),
                ('left_out', models.PositiveIntegerField(default=0)),
                ('missing', models.PositiveIntegerField(default=0)),
                ('list_sha256', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'verbose_name': "provider's list",
                'verbose_name_plural': "providers' lists",
                'permissions': [('apply_sync', "Can decide what a provider's list changes")],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='SyncChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider_service', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=255)),
                ('kind', models.CharField(choices=[('new', 'new'), ('gone', 'gone from the list'), ('back', 'sold again'), ('cost', 'what the provider takes'), ('pause', 'paused'), ('price', 'our price'), ('narrower', 'fewer quantities'), ('wider', 'more quantities'), ('less', 'less promised'), ('more', 'more promised'), ('name', 'name'), ('description', 'description'), ('category', 'category'), ('type', 'type'), ('speed', 'stated speed')], max_length=12)),
                ('before', models.JSONField(default=dict)),
                ('after', models.JSONField(default=dict)),
                ('safe', models.BooleanField()),
                ('finding', models.CharField(blank=True, max_length=40)),
                ('state', models.CharField(choices=[('waiting', 'waits'), ('applied', 'applied'), ('dismissed', 'dismissed'), ('refused', 'could not be applied'), ('superseded', 'a later list came')], default='waiting', max_length=10)),
                ('problem', models.CharField(blank=True, max_length=200)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.CharField(blank=True, max_length=32)),
            ],
            options={
                'verbose_name': "change in a provider's list",
                'verbose_name_plural': "changes in providers' lists",
                'default_permissions': ('view',),
            },
        ),
        migrations.AddField(
            model_name='provider',
            name='least_margin_percent',
            field=models.DecimalField(decimal_places=2, default=5, max_digits=4, validators=[django.core.validators.MinValueValidator(0)]),
        ),
        migrations.AddField(
            model_name='provider',
            name='markup_percent',
            field=models.DecimalField(decimal_places=2, default=30, max_digits=7, validators=[django.core.validators.MinValueValidator(0)]),
        ),
        migrations.AddField(
            model_name='provider',
            name='sync_due_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='provider',
            name='sync_minutes',
            field=models.PositiveSmallIntegerField(default=60),
        ),
        migrations.AddField(
            model_name='provider',
            name='sync_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='route',
            name='closed_because',
            field=models.CharField(blank=True, choices=[('gone', "gone from the provider's list"), ('cost', 'the provider takes too much'), ('type', 'the provider changed its type')], max_length=4),
        ),
        migrations.AddConstraint(
            model_name='provider',
            constraint=models.CheckConstraint(condition=models.Q(('least_margin_percent__gte', 0), ('markup_percent__gte', 0)), name='provider_prices_make_sense'),
        ),
        migrations.AddConstraint(
            model_name='route',
            constraint=models.CheckConstraint(condition=models.Q(('closed_because', ''), ('enabled', False), _connector='OR'), name='a_route_closed_by_an_import_is_closed'),
        ),
        migrations.AddField(
            model_name='cataloguesync',
            name='provider',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='syncs', to='orders.provider'),
        ),
        migrations.AddField(
            model_name='syncchange',
            name='service',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sync_changes', to='orders.service'),
        ),
        migrations.AddField(
            model_name='syncchange',
            name='sync',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='orders.cataloguesync'),
        ),
        migrations.AddIndex(
            model_name='cataloguesync',
            index=models.Index(fields=['provider', '-checked_at'], name='newest_list_of_a_provider'),
        ),
        migrations.AddConstraint(
            model_name='cataloguesync',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('provider',), name='one_list_a_provider_waits_for_staff'),
        ),
        migrations.AddConstraint(
            model_name='cataloguesync',
            constraint=models.CheckConstraint(condition=models.Q(('checked_at__gte', models.F('fetched_at'))), name='a_list_is_checked_after_it_came'),
        ),
        migrations.AddIndex(
            model_name='syncchange',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['sync', 'id'], name='sync_changes_waiting'),
        ),
        migrations.AddConstraint(
            model_name='syncchange',
            constraint=models.UniqueConstraint(fields=('sync', 'provider_service', 'service', 'kind'), name='a_list_says_a_thing_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='syncchange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='a_decided_change_says_when'),
        ),
        migrations.RunSQL(GONE, migrations.RunSQL.noop),
    ]
