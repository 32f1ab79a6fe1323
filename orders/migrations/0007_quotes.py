"""Quotes kept with their orders, what forecasts are read from, and texts that staff let stand."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0006_staff_words'),
        ('policies', '0004_publishing'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Quote',
            fields=[
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='quote', serialize=False, to='orders.order')),
                ('quote_id', models.UUIDField()),
                ('issued_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('sha256', models.CharField(max_length=64)),
                ('content', models.JSONField()),
            ],
            options={
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='ServiceHistory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('size', models.PositiveSmallIntegerField()),
                ('sample', models.PositiveIntegerField()),
                ('p50_s', models.PositiveIntegerField()),
                ('p90_s', models.PositiveIntegerField()),
                ('measured_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'service histories',
                'default_permissions': ('view',),
            },
        ),
        migrations.AddField(
            model_name='order',
            name='forecast',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='service',
            name='claims_allowed_by',
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddField(
            model_name='service',
            name='claims_reason',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name='service',
            name='claims_text_sha256',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(models.F('service'), models.OrderBy(models.F('ended_at'), descending=True), condition=models.Q(('status', 'completed')), name='order_completed_of_service'),
        ),
        migrations.AddConstraint(
            model_name='quote',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('issued_at'))), name='quote_holds_for_a_while'),
        ),
        migrations.AddField(
            model_name='servicehistory',
            name='service',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='history', to='orders.service'),
        ),
        migrations.AddConstraint(
            model_name='servicehistory',
            constraint=models.UniqueConstraint(fields=('service', 'size'), name='a_size_is_measured_once'),
        ),
        migrations.AddConstraint(
            model_name='servicehistory',
            constraint=models.CheckConstraint(condition=models.Q(('p90_s__gte', models.F('p50_s'))), name='nine_in_ten_take_no_less_than_half'),
        ),
        # what was shown before paying is evidence
        migrations.RunSQL(
            "CREATE TRIGGER orders_quote_append_only BEFORE UPDATE OR DELETE ON orders_quote "
            "FOR EACH ROW EXECUTE FUNCTION policies_append_only()",
            "DROP TRIGGER orders_quote_append_only ON orders_quote",
        ),
    ]
