"""Where caches lie in an installation without Redis (decision 7): the table that Django's database cache expects."""

from django.db import migrations

TABLE = """
CREATE TABLE plumbing_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX plumbing_cache_expires ON plumbing_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies: list[tuple[str, str]] = []

    operations = [migrations.RunSQL(TABLE, "DROP TABLE plumbing_cache")]
