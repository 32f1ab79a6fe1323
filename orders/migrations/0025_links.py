"""Fingerprints by what a link leads to: those of all orders are computed anew, and the holds of live ones with them.

The facts of an order are read by a function beside the one of before, which code of the last release goes on calling.
"""

from pathlib import Path

from django.db import migrations

from orders import links
from plumbing import sql
from policies.rules.vocabulary import Platform

SQL = Path(__file__).resolve().parent.parent / "sql"
AT_ONCE = 5_000
READ = "SELECT id, link, platform, fingerprint FROM orders_order WHERE id > %s AND link <> '' ORDER BY id LIMIT %s"
WRITE = """
    UPDATE orders_order SET fingerprint = told.fingerprint
    FROM unnest(%s::bigint[], %s::text[]) AS told(id, fingerprint) WHERE orders_order.id = told.id
"""
# Two orders that were not known to share a link may both be under way: the older one keeps it.
HOLD = """
    INSERT INTO orders_linkhold (fingerprint, metric, order_id)
    SELECT DISTINCT ON (fingerprint, metric) fingerprint, metric, id FROM orders_order
    WHERE id = ANY (%s) ORDER BY fingerprint, metric, id
"""


def read_links_anew(apps, schema_editor):
    sql.execute("ALTER TABLE orders_order DISABLE TRIGGER order_terms_are_fixed")
    after = 0
    while rows := sql.rows(READ, [after, AT_ONCE]):
        anew = {pk: _fingerprint(link, platform, known) for pk, link, platform, known in rows}
        changed = {pk: anew[pk] for pk, _, _, known in rows if anew[pk] != known}
        if changed:
            sql.execute(WRITE, [sql.numbers(changed), sql.words(changed.values())])
        after = rows[-1][0]
    sql.execute("ALTER TABLE orders_order ENABLE TRIGGER order_terms_are_fixed")
    holders = [pk for (pk,) in sql.rows("DELETE FROM orders_linkhold RETURNING order_id")]
    sql.execute(HOLD, [holders])


def _fingerprint(link, platform, known):
    try:
        return links.fingerprint(link, Platform(platform))
    except ValueError:  # of a time when it was taken all the same
        return known


class Migration(migrations.Migration):

    dependencies = [("orders", "0024_work_at_a_provider")]

    operations = [
        migrations.RunSQL((SQL / "orders_facts.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunPython(read_links_anew, migrations.RunPython.noop),
    ]
