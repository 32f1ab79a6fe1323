"""Ten passes of each periodic job, begun in the same moment, have its effect once; so has a missed hour (X1).

Two clocks, cron beside Celery, a hand and any number of workers come to this. What a tick finds is claimed in Postgres.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connections

import policies.operations as policies
from accounts.models import Alarm, Outgoing
from accounts.operations import queue_mail
from orders.delivery import answers, dispatch, leases, stalling
from orders.delivery.claiming import Claim
from orders.models import (
    Attempt,
    CancelCall,
    CatalogueSync,
    Delivery,
    Flag,
    OrderEvent,
    Provider,
    RefillCall,
    Run,
    Sample,
    Service,
    ServiceHistory,
)
from orders.operations import providers
from orders.operations.cancelling import cancel_order
from orders.operations.refilling import request_refill
from policies.models import Decision, Rehearsal, ReplayCheck
from smmpanel import verifying
from smmpanel.management.commands.tick import run
from smmpanel.ticks import TICKS
from tests.accounts.mail_server import MailServer
from tests.chaos import sabotage
from tests.factories import NOON, CustomerFactory
from tests.orders.upstream import Upstream
from tests.policies.people import staff_with
from tests.wallet.people import staff_with as finance_with
from wallet.models import Event, LedgerCheck, TopUp
from wallet.operations import payouts
from wallet.verification.base import Check

pytestmark = pytest.mark.django_db(transaction=True)

PASSES = 10
NIGHT = datetime(2026, 3, 3, 4, tzinfo=UTC)  # after both nightly hours


@dataclass(frozen=True)
class Scene:
    """Something that is due. effect: what came of it; once: what that is when it was done once. until: done when true.

    now: when the passes come.
    """

    effect: Callable[[], object]
    once: object
    now: datetime = NOON
    until: Callable[[], bool] = lambda: True


def at_once(name: str, *, now: datetime) -> None:
    """Begin ten passes of a job in the same moment; each does its parts in threads, as from cron."""
    start = Barrier(PASSES)

    def begin(_: int) -> None:
        try:
            start.wait(timeout=60)
            run(name, now=now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(PASSES) as threads:
        list(threads.map(begin, range(PASSES)))


def to_send(panel: Upstream) -> Scene:
    orders = [panel.order() for _ in range(3)]
    return Scene(lambda: ([panel.arrived(order) for order in orders], Attempt.objects.count()), ([1, 1, 1], 3))


def to_look_at(panel: Upstream) -> Scene:
    order = panel.order(sim="partial:0.5")
    panel.send()

    def effect() -> object:
        ended = OrderEvent.objects.filter(order=order, kind="status", status="partial").count()
        return ended, Decision.objects.count(), panel.fresh(order).refunded == order.charge / 2

    later = panel.later(days=1)
    return Scene(effect, (1, 1, True), now=later, until=lambda: panel.fresh(order).ended_at is not None)


def to_reconcile(panel: Upstream) -> Scene:
    """A claim whose worker died before the first byte."""
    order = panel.order()
    claim_and_die(panel)
    Run.objects.update(lease_until=NOON - timedelta(days=900))

    def effect() -> object:
        flags = Flag.objects.filter(kind="unknown").count()
        healed = OrderEvent.objects.filter(order=order, kind="status", status="unknown").count()
        return flags, healed, panel.run(order).state

    return Scene(effect, (1, 1, "queued"), until=lambda: panel.run(order).state == "queued")


def claim_and_die(panel: Upstream) -> None:
    """Claim a wave at a provider that keeps request ids, and die."""
    Provider.objects.update(request_ids=True)
    panel.provider.refresh_from_db()
    assert dispatch.claim_wave(provider=panel.provider, balance=None, now=NOON).claimed


def to_read(panel: Upstream) -> Scene:
    """A provider's list that was never read."""

    def asked() -> int:
        return int(panel.simulator.watch()["requests"].get("services", 0))

    before = asked()
    return Scene(lambda: (asked() - before, CatalogueSync.objects.count()), (1, 1))


def to_cancel(panel: Upstream) -> Scene:
    """A cancel that its provider is to be asked for."""
    Service.objects.update(cancel=True)
    order = panel.order(quantity=50_000)
    panel.send()
    cancel_order(user_id=panel.customer.pk, order_id=order.pk, now=panel.now)
    before = panel.simulator.watch()["requests"].get("cancel", 0)

    def effect() -> object:
        asked = panel.simulator.watch()["requests"].get("cancel", 0) - before
        return asked, list(CancelCall.objects.values_list("answer", "tries"))

    return Scene(effect, (1, [("accepted", 1)]))


def to_refill(panel: Upstream) -> Scene:
    """A refill that its provider is to be asked for."""
    Service.objects.update(refill=True, refill_days=0)
    order = panel.order(quantity=100)
    panel.send()
    panel.ended(order)
    request_refill(user_id=panel.customer.pk, order_id=order.pk, now=panel.later(days=2))
    RefillCall.objects.update(due_at=NOON)
    before = panel.simulator.watch()["requests"].get("refill", 0)

    def effect() -> object:
        asked = panel.simulator.watch()["requests"].get("refill", 0) - before
        return asked, list(RefillCall.objects.values_list("state", "tries"))

    return Scene(effect, (1, [("rejected", 1)]))  # by the simulator's clock it was completed just now


def to_hold(panel: Upstream) -> Scene:
    order = panel.order()
    Provider.objects.update(enabled=False)
    return Scene(lambda: OrderEvent.objects.filter(order=order, status="held").count(), 1)


def to_wake(panel: Upstream) -> Scene:
    link = "https://instagram.com/p/both-of-us"
    first, second = panel.order(link=link), panel.order(link=link)
    panel.send()
    panel.ended(first)

    def effect() -> object:
        return panel.run(second).due_at, OrderEvent.objects.filter(order=second, status="waiting").count()

    return Scene(effect, (panel.now, 1), now=panel.now)


def to_flag(panel: Upstream) -> Scene:
    order = panel.order()
    panel.send()
    Delivery.objects.update(progressed_at=NOON)
    now = NOON + stalling.shortest_patience() + timedelta(hours=1)
    return Scene(lambda: Flag.objects.filter(order=order, kind="unseen").count(), 1, now=now)


def to_give_up(panel: Upstream) -> Scene:
    order, now = panel.order(), NOON + timedelta(hours=80)
    providers.pause(provider_id=panel.provider.pk, reason="funds", now=NOON)
    Provider.objects.update(watched_since=NOON, watched_at=now - timedelta(minutes=5))
    before = panel.balance()

    def effect() -> object:
        return panel.fresh(order).status, Decision.objects.count(), panel.balance() - before

    return Scene(effect, ("failed", 1, order.charge), now=now)


def to_measure(panel: Upstream) -> Scene:
    order = panel.order()
    panel.send()
    panel.ended(order)
    return Scene(lambda: list(ServiceHistory.objects.values_list("sample", flat=True)), [1], now=panel.later(minutes=5))


def to_rehearse(panel: Upstream) -> Scene:
    for sim in ("partial:0.5", "canceled"):
        order = panel.order(sim=sim)
        panel.send()
        panel.ended(order)
    writer = staff_with("draft_policy")
    draft = policies.start_draft(staff=writer, slug="refund", now=NOON)
    policies.rehearsing.ask(staff=writer, version_id=draft.pk, decisions=100, now=NOON)

    def effect() -> object:
        return list(Rehearsal.objects.values_list("state", "done", "total"))

    return Scene(effect, [("done", 2, 2)], until=lambda: not Rehearsal.objects.filter(finished_at=None).exists())


def to_verify(panel: Upstream) -> Scene:
    return Scene(LedgerCheck.objects.count, 1, now=NIGHT)


def to_replay(panel: Upstream) -> Scene:
    return Scene(ReplayCheck.objects.count, 1, now=NIGHT)


def to_alarm_of(panel: Upstream) -> Scene:
    """A payout that its gateway has not taken for a day."""
    paid_in = TopUp.objects.create(
        reference="TU-STUCK", user=CustomerFactory(funds=Decimal(50)), gateway="stripe", payment_id="cs_1",
        state="paid", amount=50, fee=0, total=50, credited=50, currency="USD", request_key=uuid4(),
        created_at=NOON, paid_at=NOON,
    )  # fmt: skip
    staff = finance_with("can_pay_out")
    payouts.send_back(
        staff=staff, top_up_id=paid_in.pk, amount=Decimal(20), reason="Twice", key=uuid4(), now=NOON - timedelta(days=2)
    )

    def effect() -> object:
        return Event.objects.filter(kind="stuck").count(), list(Alarm.objects.values_list("times", flat=True))

    return Scene(effect, (1, [1]))


def to_watch(panel: Upstream) -> Scene:
    panel.order()
    Outgoing.objects.all().delete()
    now = NOON + timedelta(hours=1)

    def effect() -> object:
        told = Outgoing.objects.filter(to="ops@example.test").values_list("subject", flat=True)
        return list(Alarm.objects.values_list("key", flat=True)), list(told)

    return Scene(effect, (["overdue:dispatch"], ["The job “dispatch” is late"]), now=now)


SCENES: dict[str, Callable[[Upstream], Scene]] = {
    "dispatch": to_send,
    "refresh": to_look_at,
    "reconcile": to_reconcile,
    "cancel": to_cancel,
    "refill": to_refill,
    "hold": to_hold,
    "wake": to_wake,
    "stall": to_flag,
    "unsent": to_give_up,
    "measure": to_measure,
    "catalogue": to_read,
    "rehearse": to_rehearse,
    "verify": to_verify,
    "replay": to_replay,
    "payments": to_alarm_of,
    "watch": to_watch,
}


@pytest.fixture
def panel(connect, with_request_ids, settings) -> Upstream:
    """One pass may look at a batch as often as it likes: what is looked at is due at once."""
    settings.POLL_SECONDS = 0
    settings.ALARM_EMAIL = "ops@example.test"
    return connect(with_request_ids)


def test_every_job_has_its_scene():
    """ "mail" has one of its own below: it needs a mail server. "announce" is raced by nobody yet."""
    assert set(SCENES) | {"mail", "announce"} == set(TICKS)


@pytest.mark.parametrize("name", SCENES)
def test_ten_passes_at_once_have_the_effect_of_one(panel, name):
    scene = SCENES[name](panel)

    at_once(name, now=scene.now)
    for _ in range(200):
        if scene.until():
            break
        at_once(name, now=scene.now)

    assert scene.effect() == scene.once
    at_once(name, now=scene.now)
    assert scene.effect() == scene.once


def test_ten_passes_at_once_send_each_mail_once(db, settings):
    server = MailServer()
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 10
    addresses = [f"customer{number}@example.test" for number in range(20)]
    for to in addresses:
        queue_mail(to=to, subject="Receipt", body="Thank you.", key=to, now=NOON)
    try:
        while Outgoing.objects.filter(sent_at=None).exists():
            at_once("mail", now=NOON)
        assert sorted(server.addresses()) == sorted(addresses)
    finally:
        server.stop()


class TestAMissedHour:
    """No clock ran for an hour, then all at once: everything is done, each thing once, and nobody pays for it."""

    def test_what_was_due_meanwhile_goes_out_once(self, panel):
        panel.service.run_size, panel.service.run_interval_minutes = 400, 20
        panel.service.save(update_fields=["run_size", "run_interval_minutes"])
        order = panel.order(quantity=1000)
        other = panel.order(quantity=100)
        assert Run.objects.filter(order=order).count() == 3
        after = panel.later(hours=1)

        for name in TICKS:
            if name not in ("verify", "replay", "mail"):
                at_once(name, now=after)

        assert (panel.accepted(order), panel.accepted(other)) == (1, 1)  # its other parts are spaced anew (adr/0021)
        for parts in (2, 3):
            after += timedelta(minutes=21)
            at_once("dispatch", now=after)
            assert (panel.accepted(order), panel.accepted(other)) == (parts, 1)
        assert not Flag.objects.exists()
        assert {panel.fresh(each).refunded for each in (order, other)} == {0}
        assert Sample.objects.values("run", "delivered").distinct().count() == Sample.objects.count()

    def test_a_night_that_was_slept_through_is_made_up_for_once(self, panel):
        for _ in range(2):
            at_once("verify", now=NIGHT + timedelta(hours=9))

        assert list(LedgerCheck.objects.values_list("at", flat=True)) == [NIGHT + timedelta(hours=9)]


def look_until_found(**asked: object) -> Claim:
    """The runs that a claim would take, with nothing of it kept: looked for until no other look has them locked."""
    for _ in range(100):
        if (claim := sabotage.only_look(**asked)).claimed:
            break
        time.sleep(0.01)
    return claim


class TestTheControls:
    """The same passes with the claims left out do their work more than once, or the tests above say nothing."""

    def test_without_the_claim_orders_are_sent_twice(self, connect, without_request_ids, monkeypatch):
        panel = connect(without_request_ids)
        scene = to_send(panel)
        monkeypatch.setattr(leases, "TAKE", leases.TAKE.partition("WHERE lease.until")[0])
        monkeypatch.setattr(leases, "TAKEN", f"{leases.TAKEN} AND false")
        monkeypatch.setattr(dispatch, "claim_wave", look_until_found)
        monkeypatch.setattr(answers, "record", lambda **_: None)
        monkeypatch.setattr(dispatch, "_close", lambda *_: None)

        at_once("dispatch", now=scene.now)

        arrived, _ = scene.effect()
        assert max(arrived) > 1

    def test_without_the_lock_the_books_are_verified_ten_times(self, panel, monkeypatch):
        scene = to_verify(panel)
        monkeypatch.setattr(verifying, "alone", lambda name: nullcontext(True))
        slow = "SELECT waited FROM (SELECT pg_sleep(0.3)::text AS waited OFFSET 0) AS asked WHERE waited <> ''"
        monkeypatch.setattr(verifying, "CHECKS", [Check("as long as real books take", slow)])

        at_once("verify", now=scene.now)

        assert scene.effect() > scene.once
