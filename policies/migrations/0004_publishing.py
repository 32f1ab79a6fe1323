"""Drafts with their writers, appeals, rehearsals and replays."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


GUARDS = """
-- What was asked is never reworded, and what was decided about it never changes (support 7.3).
CREATE FUNCTION policies_appeal_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.result <> ''
       OR (OLD.decision_id, OLD.opened_by_id, OLD.opened_at, OLD.words)
          IS DISTINCT FROM (NEW.decision_id, NEW.opened_by_id, NEW.opened_at, NEW.words) THEN
        RAISE EXCEPTION 'an appeal is asked once and decided once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_appeal_guard BEFORE UPDATE OR DELETE ON policies_appeal
    FOR EACH ROW EXECUTE FUNCTION policies_appeal_guard();
CREATE TRIGGER policies_replaycheck_append_only BEFORE UPDATE OR DELETE ON policies_replaycheck
    FOR EACH ROW EXECUTE FUNCTION policies_append_only();
"""

NO_GUARDS = """
DROP TRIGGER policies_replaycheck_append_only ON policies_replaycheck;
DROP TRIGGER policies_appeal_guard ON policies_appeal;
DROP FUNCTION policies_appeal_guard();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('policies', '0003_required'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('opened_at', models.DateTimeField()),
                ('words', models.TextField()),
                ('result', models.CharField(blank=True, choices=[('upheld', 'Upheld'), ('overturned', 'Overturned')], max_length=12)),
                ('decided_by', models.CharField(blank=True, max_length=32)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=500)),
            ],
            options={
                'permissions': [('decide_appeal', 'Can uphold or overturn a decision that was appealed')],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Rehearsal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('checksum', models.CharField(max_length=64)),
                ('decisions', models.PositiveIntegerField()),
                ('asked_by', models.CharField(max_length=32)),
                ('asked_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='waiting', max_length=8)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('result', models.JSONField(default=dict)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='ReplayCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True)),
                ('milliseconds', models.PositiveIntegerField()),
                ('checked', models.PositiveIntegerField()),
                ('differing', models.PositiveIntegerField()),
                ('report', models.JSONField(default=list)),
            ],
            options={
                'default_permissions': ('view',),
            },
        ),
        migrations.AlterModelOptions(
            name='policyversion',
            options={'permissions': [('draft_policy', 'Can write the draft of a policy and rehearse it'), ('publish_policy', 'Can publish a draft that somebody else wrote')]},
        ),
        migrations.AddField(
            model_name='policyversion',
            name='drafted_by',
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'draft')), fields=('policy',), name='a_policy_has_one_draft_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'published'), _negated=True), ('published_by', 'system'), models.Q(('published_by', models.F('drafted_by')), _negated=True), _connector='OR'), name='a_second_person_publishes'),
        ),
        migrations.AddField(
            model_name='appeal',
            name='decision',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='appeal', to='policies.decision'),
        ),
        migrations.AddField(
            model_name='appeal',
            name='opened_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='rehearsal',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rehearsals', to='policies.policyversion'),
        ),
        migrations.AddIndex(
            model_name='appeal',
            index=models.Index(condition=models.Q(('result', '')), fields=['opened_at'], name='appeal_open'),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by', ''), ('reason', ''), ('result', '')), models.Q(models.Q(('result', ''), _negated=True), models.Q(('decided_by', ''), _negated=True), models.Q(('reason', ''), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='appeal_is_decided_whole_or_not'),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.CheckConstraint(condition=models.Q(('words', ''), _negated=True), name='appeal_says_something'),
        ),
        migrations.AddConstraint(
            model_name='rehearsal',
            constraint=models.CheckConstraint(condition=models.Q(('done__lte', models.F('total'))), name='rehearsal_does_no_more_than_there_is'),
        ),
        migrations.AddConstraint(
            model_name='rehearsal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state__in', ('done', 'failed'))), models.Q(('finished_at__isnull', True), ('state__in', ('waiting', 'running'))), _connector='OR'), name='rehearsal_is_finished_exactly_when_it_ended'),
        ),
        migrations.AddConstraint(
            model_name='rehearsal',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('waiting', 'running'))), fields=('version',), name='one_rehearsal_of_a_draft_at_a_time'),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
