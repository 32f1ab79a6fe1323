"""What publishing checks, the database checks too; acceptances are of the text that was published (support 7.3, 7.4)."""

from django.conf import settings
from django.db import migrations

GUARDS = """
-- Two people who exist, one of them of the staff now, and a finished rehearsal of just this text. The first version of a
-- policy ships with the software: it alone is published by "system". Who began a draft may have left the staff since.
CREATE FUNCTION policies_rehearsal_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> 'published' OR NEW.published_by = 'system' AND NEW.number = 1 AND NEW.drafted_by = '' THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM accounts_user AS person
                   WHERE 'staff:' || person.id = NEW.published_by AND person.is_staff AND person.is_active)
       OR NOT EXISTS (SELECT FROM accounts_user AS person WHERE 'staff:' || person.id = NEW.drafted_by) THEN
        RAISE EXCEPTION 'a policy version is written by one person and published by another of the staff'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM policies_rehearsal AS rehearsal
                   WHERE rehearsal.version_id = NEW.id AND rehearsal.checksum = NEW.checksum
                     AND rehearsal.state = 'done') THEN
        RAISE EXCEPTION 'a policy version is rehearsed as it is published' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_rehearsal_guard BEFORE UPDATE ON policies_policyversion
    FOR EACH ROW EXECUTE FUNCTION policies_rehearsal_guard();

-- What an order needs accepted is settled when the document is added, and its addresses name its slug.
CREATE FUNCTION policies_policy_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.required_to_order, OLD.slug) IS DISTINCT FROM (NEW.required_to_order, NEW.slug) THEN
        RAISE EXCEPTION 'whether an order needs a policy, and its slug, never change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_policy_guard BEFORE UPDATE ON policies_policy
    FOR EACH ROW EXECUTE FUNCTION policies_policy_guard();

CREATE FUNCTION policies_acceptance_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM policies_policyversion AS version
                   WHERE version.id = NEW.version_id AND version.status = 'published'
                     AND version.checksum = NEW.checksum_shown) THEN
        RAISE EXCEPTION 'what is accepted is a published version, as it was shown'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_acceptance_guard BEFORE INSERT ON policies_acceptance
    FOR EACH ROW EXECUTE FUNCTION policies_acceptance_guard();
"""

NO_GUARDS = """
DROP TRIGGER policies_acceptance_guard ON policies_acceptance;
DROP FUNCTION policies_acceptance_guard();
DROP TRIGGER policies_policy_guard ON policies_policy;
DROP FUNCTION policies_policy_guard();
DROP TRIGGER policies_rehearsal_guard ON policies_policyversion;
DROP FUNCTION policies_rehearsal_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0007_insert_guard"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunSQL(GUARDS, NO_GUARDS)]
