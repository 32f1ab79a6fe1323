"""A version is born as a draft, and is published by somebody with something to say (support 7.3, 7.4)."""

from django.db import migrations

GUARDS = """
-- The other guards ask about updates: a row inserted as published would pass them all.
CREATE FUNCTION policies_birth_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'published' THEN
        RAISE EXCEPTION 'a policy version begins as a draft' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_birth_guard BEFORE INSERT ON policies_policyversion
    FOR EACH ROW EXECUTE FUNCTION policies_birth_guard();

CREATE FUNCTION policies_completeness_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> 'published' THEN
        RETURN NEW;
    END IF;
    IF NEW.published_by = '' THEN
        RAISE EXCEPTION 'a published policy version names who published it' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM policies_clause WHERE version_id = NEW.id) THEN
        RAISE EXCEPTION 'a published policy version has a clause' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_completeness_guard BEFORE UPDATE ON policies_policyversion
    FOR EACH ROW EXECUTE FUNCTION policies_completeness_guard();
"""

NO_GUARDS = """
DROP TRIGGER policies_completeness_guard ON policies_policyversion;
DROP FUNCTION policies_completeness_guard();
DROP TRIGGER policies_birth_guard ON policies_policyversion;
DROP FUNCTION policies_birth_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("policies", "0006_standing")]

    operations = [migrations.RunSQL(GUARDS, NO_GUARDS)]
