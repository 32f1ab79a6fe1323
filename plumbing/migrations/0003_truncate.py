"""A safety catch on TRUNCATE, for tables that are kept for good: no row trigger sees it.

Whoever owns a table can take the catch off: for one connection by setting `smmpanel.may_truncate`, as test runners do.
It keeps a slip of the hand from being the end of the books.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION plumbing_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('smmpanel.may_truncate', true), '') <> 'on' THEN
        RAISE EXCEPTION '% is kept for good: it is not emptied', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("plumbing", "0002_tickpass")]

    operations = [migrations.RunSQL(FORWARDS, "DROP FUNCTION plumbing_refuse_truncate()")]
