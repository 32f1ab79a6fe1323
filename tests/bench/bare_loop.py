"""What a refresh is measured against, without Django and decisions: the same loop, bare, and the panels' usual cron."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import requests
from django.db import connection

from tests.bench.provider import Target

CALLS_AT_ONCE = 32
IDS_A_CALL = 100
READ = """
    SELECT batch_id, array_agg(provider_order_id ORDER BY run_id) FROM orders_delivery
    GROUP BY batch_id ORDER BY batch_id
"""
WRITE = """
    UPDATE orders_delivery AS d SET delivered = d.quantity - told.remains, start_count = told.start_count,
        word = told.word, progressed_at = now()
    FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::text[]) AS told(id, remains, start_count, word)
    WHERE d.batch_id = ANY (%s) AND d.provider_order_id = told.id
"""
WRITE_ONE = """
    UPDATE orders_delivery SET delivered = quantity - %s, start_count = %s, word = %s, progressed_at = now()
    WHERE run_id = (SELECT id FROM orders_run WHERE provider_id = %s AND provider_order_id = %s)
"""

_own = threading.local()


class BareLoop:
    """One connection of its own to the same database, and a browser's session a thread."""

    def __init__(self, target: Target, *, provider_id: int) -> None:
        self.target = target
        self.provider_id = provider_id
        at = connection.get_connection_params()
        names = ("dbname", "user", "password", "host", "port")
        self.connection = psycopg2.connect(**{name: at[name] for name in names if name in at})
        self.connection.autocommit = True
        self.session = self.connection.get_backend_pid()

    def refresh_all(self) -> int:
        """Ask about every live order, 100 a call, 32 calls at once, and write down what is said."""
        with self.connection.cursor() as cursor, ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            cursor.execute(READ)
            batches = {batch_id: list(_parts(ids, IDS_A_CALL)) for batch_id, ids in cursor.fetchall()}
            answers = pool.map(self._ask, [part for parts in batches.values() for part in parts])
            done = 0
            for batch_id, parts in batches.items():
                said = [entry for _ in parts for entry in next(answers).items()]
                cursor.execute(WRITE, [*_columns(said), [batch_id]])
                assert cursor.rowcount == len(said)
                done += len(said)
        return done

    def cron(self, calls: int) -> int:
        """The known panels' way: one order a call over a new connection, one UPDATE each."""
        with self.connection.cursor() as cursor:
            for number in range(self.target.first_id, self.target.first_id + calls):
                form = {"key": self.target.key, "action": "status", "order": number}
                said = json.loads(requests.post(self.target.url, data=form, timeout=30).content)
                values = [said["remains"], said["start_count"], said["status"], self.provider_id, number]
                cursor.execute(WRITE_ONE, values)
                assert cursor.rowcount == 1
        return calls

    def close(self) -> None:
        self.connection.close()

    def _ask(self, ids: Sequence[int]) -> dict[str, dict[str, str]]:
        if not hasattr(_own, "session"):
            _own.session = requests.Session()
        form = {"key": self.target.key, "action": "status", "orders": ",".join(map(str, ids))}
        answer: dict[str, dict[str, str]] = json.loads(_own.session.post(self.target.url, data=form).content)
        return answer


def _parts(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _columns(said: Sequence[tuple[str, dict[str, str]]]) -> tuple[str, str, str, str]:
    return (
        "{" + ",".join(number for number, _ in said) + "}",
        "{" + ",".join(each["remains"] for _, each in said) + "}",
        "{" + ",".join(each["start_count"] for _, each in said) + "}",
        '{"' + '","'.join(each["status"] for _, each in said) + '"}',
    )
