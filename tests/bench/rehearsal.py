"""A draft rehearsed on 10,000 decisions and the open orders, against one bare SELECT of the same rows (D50)."""

import time
from datetime import datetime
from decimal import Decimal
from statistics import median

from django.db import connection
from django.utils import timezone

import policies.operations as policies
from accounts.models import User
from orders import rehearsing as orders_rehearsing
from orders.models import Order, Run
from orders.operations import settling
from policies.models import Decision, PolicyVersion, Rehearsal
from policies.operations import rehearsing
from policies.rules.vocabulary import Cause
from tests.bench import measuring
from tests.bench.placing import place, shop

MOST_SECONDS = 60
DELIVERED = (0, 400, 900, 980, 985, 990, 995)  # of 1,000 units: refunds and minor differences
ROUNDS = 3

# Copies of what was really decided and really placed, so that 10,000 take no quarter of an hour.
COPY_DECISIONS = """
    INSERT INTO policies_decision (uuid, {columns})
    SELECT gen_random_uuid(), {columns}
    FROM generate_series(1, 1 + %(wanted)s / %(real)s) AS copy,
         (SELECT * FROM policies_decision ORDER BY id LIMIT %(real)s) AS real
    ORDER BY copy LIMIT %(wanted)s - %(real)s
"""
COPY_ORDERS = """
    WITH placed AS (
        INSERT INTO orders_order ({orders}) SELECT {orders} FROM orders_order, generate_series(1, %(wanted)s - 1)
        WHERE id = %(order)s RETURNING id
    )
    INSERT INTO orders_run (order_id, request_id, {runs})
    SELECT placed.id, gen_random_uuid(), {runs} FROM placed, orders_run AS real WHERE real.order_id = %(order)s
"""
BARE = """
    SELECT id, rule, rule_version, inputs, outcome, amount, clause_refs, subject_type, subject_id
    FROM policies_decision ORDER BY id DESC LIMIT %s
"""


def rehearsal(*, decisions: int, open_orders: int) -> measuring.Figure:
    """Seconds of a rehearsal as its tick works it, in its chunks; the bare limit fetches the same decisions at once."""
    now = timezone.now()
    staff = User.objects.create_superuser("rehearsal@example.test")
    _decide(decisions, now=now)
    _open(open_orders)
    open_orders = Order.objects.live().count()  # with what another benchmark has left in the same database
    draft = _draft()
    taken, bare = [], []
    for _ in range(ROUNDS):
        taken.append(_rehearse(staff, draft, decisions, now=now))
        bare.append(_fetch(decisions))
    result = Rehearsal.objects.order_by("-id")[0].result
    assert (result["decisions"], result["open_orders"]) == (decisions, open_orders), result
    assert Decimal(result["difference"]) > 0
    assert median(taken) < MOST_SECONDS, taken  # the goal itself: a rehearsal is watched while it runs
    return measuring.Figure(
        name="D50",
        goal=f"a rehearsal of {decisions:,} decisions: under {MOST_SECONDS} s",
        value=median(taken),
        limit=median(bare),
        unit="s",
        n=decisions,
        notes={"open_orders": open_orders, "cases_a_second": (decisions + open_orders) / median(taken)},
    )


def _rehearse(staff: User, draft: PolicyVersion, decisions: int, *, now: datetime) -> float:
    asked = rehearsing.ask(staff=staff, version_id=draft.pk, decisions=decisions, now=now)
    begun = time.perf_counter()
    while rehearsing.due(now=now):
        orders_rehearsing.work_on(rehearsal_id=asked.pk, now=now)
    return time.perf_counter() - begun


def _fetch(decisions: int) -> float:
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(BARE, [decisions])
        assert len(cursor.fetchall()) == decisions
    return time.perf_counter() - begun


def _decide(wanted: int, *, now: datetime) -> None:
    """As many decisions: one of each kind through the real door, the others copies of them, in turn."""
    service, (user_id,) = shop(wallets=1)
    for delivered in DELIVERED:
        place(user_id, service)
        order = Order.objects.latest("id")
        Run.objects.filter(order=order).update(delivered=delivered)
        Order.objects.filter(pk=order.pk).update(status="paused", paused_reason="bench")
        settling.settle(order_id=order.pk, cause=Cause.PROVIDER_ENDED, actor="system", now=now)
    place(user_id, service)  # stays open, for `_open` to copy
    columns = ", ".join(measuring.columns(Decision, "id", "uuid"))
    with connection.cursor() as cursor:
        cursor.execute(COPY_DECISIONS.format(columns=columns), {"real": len(DELIVERED), "wanted": wanted})
        cursor.execute("ANALYZE policies_decision")


def _open(wanted: int) -> None:
    order = Order.objects.live().latest("id")
    orders = ", ".join(measuring.columns(Order, "id", "request_key"))
    runs = ", ".join(measuring.columns(Run, "id", "order_id", "request_id"))
    with connection.cursor() as cursor:
        cursor.execute(COPY_ORDERS.format(orders=orders, runs=runs), {"wanted": wanted, "order": order.pk})
        cursor.execute("ANALYZE orders_order, orders_run")


def _draft() -> PolicyVersion:
    """Version 1 without any tolerance."""
    first = PolicyVersion.objects.get(policy__slug="refund", number=1)
    params = {**policies.params_of(first.pk), "tolerance_bp": 0, "tolerance_min_units": 0}
    return first.policy.versions.create(number=2, params=params, drafted_by="staff:1")
