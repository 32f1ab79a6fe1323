"""What is published or recorded never changes: the database refuses it, whoever asks (support 7.3).

Row triggers; TRUNCATE has a catch of its own (0011).
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION policies_version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'published' THEN
        RAISE EXCEPTION 'a published policy version never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER policies_version_guard BEFORE UPDATE OR DELETE ON policies_policyversion
    FOR EACH ROW EXECUTE FUNCTION policies_version_guard();

-- FOR SHARE: a clause cannot slip in while another transaction publishes its version.
CREATE FUNCTION policies_clause_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    published boolean := false;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        SELECT status = 'published' INTO published FROM policies_policyversion WHERE id = OLD.version_id FOR SHARE;
    END IF;
    IF TG_OP <> 'DELETE' AND NOT coalesce(published, false) THEN
        SELECT status = 'published' INTO published FROM policies_policyversion WHERE id = NEW.version_id FOR SHARE;
    END IF;
    IF published THEN
        RAISE EXCEPTION 'the clauses of a published policy version never change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER policies_clause_guard BEFORE INSERT OR UPDATE OR DELETE ON policies_clause
    FOR EACH ROW EXECUTE FUNCTION policies_clause_guard();

CREATE FUNCTION policies_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: its rows are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER policies_acceptance_append_only BEFORE UPDATE OR DELETE ON policies_acceptance
    FOR EACH ROW EXECUTE FUNCTION policies_append_only();
CREATE TRIGGER policies_decision_append_only BEFORE UPDATE OR DELETE ON policies_decision
    FOR EACH ROW EXECUTE FUNCTION policies_append_only();
"""

BACKWARDS = """
DROP TRIGGER policies_decision_append_only ON policies_decision;
DROP TRIGGER policies_acceptance_append_only ON policies_acceptance;
DROP FUNCTION policies_append_only();
DROP TRIGGER policies_clause_guard ON policies_clause;
DROP FUNCTION policies_clause_guard();
DROP TRIGGER policies_version_guard ON policies_policyversion;
DROP FUNCTION policies_version_guard();
"""


class Migration(migrations.Migration):

    dependencies = [("policies", "0001_initial")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
