"""Who wrote a draft, kept for ever; who wrote any of it does not publish it."""

import django.db.models.deletion
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER policies_draftact_append_only BEFORE UPDATE OR DELETE ON policies_draftact
    FOR EACH ROW EXECUTE FUNCTION policies_append_only();

-- The check constraint knows who began the draft; this knows everybody who wrote in it (support 7.4).
CREATE FUNCTION policies_publisher_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'published' AND EXISTS (
        SELECT FROM policies_draftact AS act
        WHERE act.draft_id = NEW.id AND act.kind IN ('begun', 'written') AND act.actor = NEW.published_by) THEN
        RAISE EXCEPTION 'who wrote any of a draft does not publish it' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_publisher_guard BEFORE UPDATE ON policies_policyversion
    FOR EACH ROW EXECUTE FUNCTION policies_publisher_guard();
"""

NO_GUARDS = """
DROP TRIGGER policies_publisher_guard ON policies_policyversion;
DROP FUNCTION policies_publisher_guard();
DROP TRIGGER policies_draftact_append_only ON policies_draftact;
"""


class Migration(migrations.Migration):

    dependencies = [("policies", "0004_publishing")]

    operations = [
        migrations.CreateModel(
            name='DraftAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('draft_id', models.BigIntegerField()),
                ('number', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(choices=[('begun', 'Begun'), ('written', 'Written'), ('discarded', 'Discarded'), ('published', 'Published')], max_length=12)),
                ('actor', models.CharField(max_length=32)),
                ('at', models.DateTimeField()),
                ('facts', models.JSONField(default=dict)),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='draft_acts', to='policies.policy')),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(models.F('draft_id'), models.OrderBy(models.F('id'), descending=True), name='act_on_draft')],
                'constraints': [models.CheckConstraint(condition=models.Q(('actor', ''), _negated=True), name='draft_act_says_who')],
            },
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
