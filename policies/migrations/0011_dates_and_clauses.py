"""A version's number, dates and mark follow those before it; a decision cites clauses that its version has (7.3, 7.4)."""

from django.db import migrations

from plumbing.keeping import refuse_truncate

GUARDS = """
-- What publishing asks of dates, in columns alone: a clock in the database would know nothing of a restored backup.
CREATE FUNCTION policies_order_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    earlier policies_policyversion;
    notice integer;
BEGIN
    IF NEW.status <> 'published' THEN
        RETURN NEW;
    END IF;
    SELECT * INTO earlier FROM policies_policyversion
    WHERE policy_id = NEW.policy_id AND status = 'published' ORDER BY effective_from DESC LIMIT 1;
    IF earlier.id IS NULL THEN
        RETURN NEW;
    END IF;
    IF NEW.number <= earlier.number OR NEW.effective_from <= earlier.effective_from
       OR NEW.published_at < earlier.published_at THEN
        RAISE EXCEPTION 'a policy version comes after the one that it follows, by number and by date'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.published_at < (SELECT max(acceptance.at) FROM policies_acceptance AS acceptance
                           JOIN policies_policyversion AS version ON version.id = acceptance.version_id
                           WHERE version.policy_id = NEW.policy_id)
       OR NEW.published_at < (SELECT decision.decided_at FROM policies_decision AS decision
                              JOIN policies_policyversion AS version ON version.id = decision.policy_version_id
                              WHERE version.policy_id = NEW.policy_id ORDER BY decision.id DESC LIMIT 1) THEN
        RAISE EXCEPTION 'a policy version is published after all that was accepted and decided before it'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.params IS DISTINCT FROM earlier.params AND NOT NEW.material THEN
        RAISE EXCEPTION 'a policy version with another number in it is a material change (support.9.2)'
            USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT (version.params ->> 'notice_days')::integer INTO notice
    FROM policies_policyversion AS version JOIN policies_policy AS policy ON policy.id = version.policy_id
    WHERE policy.slug = 'support' AND version.status = 'published' AND version.effective_from <= NEW.published_at
    ORDER BY version.effective_from DESC LIMIT 1;
    IF NEW.material AND NEW.effective_from < NEW.published_at + notice * interval '24 hours' THEN
        RAISE EXCEPTION 'a material change takes effect % days after it is published (support.9.2)', notice
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_order_guard BEFORE UPDATE ON policies_policyversion
    FOR EACH ROW EXECUTE FUNCTION policies_order_guard();

CREATE FUNCTION policies_decision_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(NEW.clause_refs) AS cited (ref)
               WHERE NOT EXISTS (SELECT FROM policies_clause AS clause
                                 WHERE clause.version_id = NEW.policy_version_id AND clause.ref = cited.ref)) THEN
        RAISE EXCEPTION 'a decision cites clauses that stand in its policy version'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM policies_policyversion
                   WHERE id = NEW.policy_version_id AND status = 'published') THEN
        RAISE EXCEPTION 'a decision is made under a published policy version' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_decision_guard BEFORE INSERT ON policies_decision
    FOR EACH ROW EXECUTE FUNCTION policies_decision_guard();
"""

NO_GUARDS = """
DROP TRIGGER policies_decision_guard ON policies_decision;
DROP FUNCTION policies_decision_guard();
DROP TRIGGER policies_order_guard ON policies_policyversion;
DROP FUNCTION policies_order_guard();
"""

KEPT = ["policies_policy", "policies_policyversion", "policies_clause", "policies_acceptance", "policies_decision",
        "policies_appeal", "policies_draftact"]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("plumbing", "0003_truncate"), ("policies", "0010_standing_by_key")]

    operations = [migrations.RunSQL(GUARDS, NO_GUARDS), migrations.RunSQL(*refuse_truncate(KEPT))]
