"""What supersedes, is appealed or was rehearsed is held to what it is about, also as it is written (support 7.3)."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION policies_superseding_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM policies_decision AS earlier
                   WHERE earlier.id = NEW.supersedes_id AND earlier.decided_at <= NEW.decided_at
                     AND (earlier.subject_type, earlier.subject_id) = (NEW.subject_type, NEW.subject_id)) THEN
        RAISE EXCEPTION 'a decision supersedes an earlier one about the same subject' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_superseding_guard BEFORE INSERT ON policies_decision
    FOR EACH ROW WHEN (NEW.supersedes_id IS NOT NULL) EXECUTE FUNCTION policies_superseding_guard();

CREATE FUNCTION policies_asking_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.result <> '' THEN
        RAISE EXCEPTION 'an appeal is asked before it is decided' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM policies_decision
                   WHERE id = NEW.decision_id AND NEW.opened_at >= decided_at AND NEW.opened_at < appeal_until) THEN
        RAISE EXCEPTION 'a decision is appealed while its time for it runs' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_asking_guard BEFORE INSERT ON policies_appeal
    FOR EACH ROW EXECUTE FUNCTION policies_asking_guard();

CREATE FUNCTION policies_answer_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.result = 'overturned')
       <> EXISTS (SELECT FROM policies_decision WHERE supersedes_id = NEW.decision_id) THEN
        RAISE EXCEPTION 'an overturned decision is superseded by another one, and no other is'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_answer_guard BEFORE UPDATE ON policies_appeal
    FOR EACH ROW EXECUTE FUNCTION policies_answer_guard();

-- Of a version that is published, what it was tried on is a part of why it could be.
CREATE FUNCTION policies_rehearsed_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM policies_policyversion WHERE id = OLD.version_id AND status = 'published') THEN
        RAISE EXCEPTION 'what a published policy version was rehearsed on never changes'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER policies_rehearsed_guard BEFORE UPDATE OR DELETE ON policies_rehearsal
    FOR EACH ROW WHEN (OLD.state = 'done') EXECUTE FUNCTION policies_rehearsed_guard();
"""

NO_GUARDS = """
DROP TRIGGER policies_rehearsed_guard ON policies_rehearsal;
DROP FUNCTION policies_rehearsed_guard();
DROP TRIGGER policies_answer_guard ON policies_appeal;
DROP FUNCTION policies_answer_guard();
DROP TRIGGER policies_asking_guard ON policies_appeal;
DROP FUNCTION policies_asking_guard();
DROP TRIGGER policies_superseding_guard ON policies_decision;
DROP FUNCTION policies_superseding_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("policies", "0012_summary_is_hashed")]

    operations = [migrations.RunSQL(GUARDS, NO_GUARDS)]
