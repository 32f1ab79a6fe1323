"""The SQL with which a migration has tables kept for good: what no row trigger sees, TRUNCATE, is refused."""

from collections.abc import Sequence


def refuse_truncate(tables: Sequence[str]) -> tuple[str, str]:
    """Forwards and backwards. Whoever means it sets `smmpanel.may_truncate` to "on" in the connection."""
    forwards = [
        f"CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION plumbing_refuse_truncate();"
        for table in tables
    ]
    return "\n".join(forwards), "\n".join(f"DROP TRIGGER {table}_is_not_emptied ON {table};" for table in tables)
