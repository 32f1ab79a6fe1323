"""What makes an installation unfit to serve: read by the page `readyz` and by `manage.py doctor`."""

from datetime import timedelta

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from plumbing import sql

MOST_SKEW_SECONDS = 2  # leases compare the database's clock with nothing else, but deadlines use ours (decision 12)


def pending_migrations() -> list[str]:
    """Migrations that this release has and the database lacks."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def skew_seconds() -> float:
    """By how much the database's clock differs from ours, either way."""
    before = timezone.now()
    ((theirs,),) = sql.rows("SELECT clock_timestamp()")
    after = timezone.now()
    apart = max(before - theirs, theirs - after, timedelta())
    return float(apart.total_seconds())
