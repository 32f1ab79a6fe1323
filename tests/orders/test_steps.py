"""Whatever the engine and staff do to an order, in whatever order: it takes listed steps and each leaves an event."""

from datetime import timedelta
from random import Random

import pytest

from orders.delivery import answers, holding, reconcile
from orders.delivery.claiming import claim_wave
from orders.delivery.waiting import wake_waiting
from orders.models import Flag, Order, Provider, Run
from orders.operations import runs, unknowns
from orders.providers.classify import Classified
from policies.rules.delivery import check_transition
from policies.rules.vocabulary import OrderStatus, RunOutcome, Submission
from tests.factories import NOON, OrderFactory, ProviderFactory, ServiceFactory

pytestmark = pytest.mark.django_db

STEPS = 60


class Walk:
    """Three orders of two parts each, two of them on one link, and what chance does to them."""

    def __init__(self, seed: int) -> None:
        self.random, self.now, self.upstream_ids = Random(seed), NOON, 0
        self.provider = ProviderFactory()
        service = ServiceFactory(run_size=50, run_interval_minutes=1, routed=self.provider)
        links = [f"https://instagram.com/p/walk{seed}{place}" for place in "aab"]
        self.orders = [OrderFactory(service=service, quantity=100, link=link, at=NOON) for link in links]
        self.claimed = []

    def go(self) -> None:
        acts = (
            self.claim,
            self.claim,
            self.answer,
            self.answer,
            self.die,
            self.decide,
            self.decide,
            self.end,
            self.hold,
        )
        for _ in range(STEPS):
            self.now += timedelta(minutes=1)
            self.random.choice(acts)()
            wake_waiting(now=self.now)

    def claim(self) -> None:
        self.claimed += claim_wave(provider=self.provider, balance=None, now=self.now).claimed

    def answer(self) -> None:
        """Also to attempts that are no longer the run's own."""
        for claimed in self.random.sample(self.claimed, k=self.random.randint(0, len(self.claimed))):
            said = self.random.choice([*Submission, Submission.ACCEPTED, Submission.ACCEPTED])  # so that some are ended
            self.upstream_ids += 1
            number = self.upstream_ids if said is Submission.ACCEPTED else None
            outcome = Classified(submission=said, reason="walk", provider_order_id=number)
            answers.record(provider_id=self.provider.pk, outcomes=[(claimed, outcome)], now=self.now)
            self.claimed.remove(claimed)

    def die(self) -> None:
        Run.objects.filter(state="submitting").update(lease_until="2020-01-01T00:00Z")
        reconcile.expire_leases(now=self.now)

    def decide(self) -> None:
        """Staff, or a provider that knows request ids, about what is unknown or parked."""
        for run in self.one_that_is("unknown", "parked"):
            said = {"run_id": run.pk, "reason": "walk", "now": self.now}
            self.upstream_ids += 1
            match self.random.randrange(4):
                case 0:
                    unknowns.link_run(**said, actor="staff:1", provider_order_id=self.upstream_ids)
                case 1:
                    unknowns.resend_run(**said, actor="staff:1")
                case 2:
                    unknowns.refund_run(**said, actor="staff:1")
                case _ if run.state == "unknown":
                    unknowns.retry_run(**said)

    def end(self) -> None:
        for run in self.one_that_is("live"):
            outcome = self.random.choice([RunOutcome.DELIVERED, RunOutcome.SHORT, RunOutcome.STALLED])
            delivered = run.quantity if outcome is RunOutcome.DELIVERED else self.random.randrange(run.quantity)
            runs.end_run(
                run_id=run.pk, outcome=outcome, delivered=delivered, start_count=None, actor="system", now=self.now
            )

    def hold(self) -> None:
        Provider.objects.filter(pk=self.provider.pk).update(enabled=self.random.random() < 0.7)
        holding.hold_and_release(now=self.now)

    def one_that_is(self, *states: str) -> list[Run]:
        found = list(Run.objects.filter(state__in=states, provider=self.provider).order_by("pk"))
        return self.random.sample(found, k=min(1, len(found)))

    def words(self) -> set[str]:
        """Every status that its orders had."""
        return {status for order in self.orders for status in order.events.values_list("status", flat=True)}


@pytest.mark.parametrize("seed", range(10))
def test_every_written_step_is_in_the_table_and_has_its_event(seed):
    walk = Walk(seed)

    walk.go()

    assert not Flag.objects.filter(kind__in=["odd_status", "settle_failed"]).exists()
    for order in walk.orders:
        before = OrderStatus.QUEUED
        for status, actor in order.events.filter(kind="status").order_by("pk").values_list("status", "actor"):
            assert status != before.value
            check_transition(before, OrderStatus(status), actor=actor)
            before = OrderStatus(status)
        assert Order.objects.get(pk=order.pk).status == before.value


def test_the_walks_get_about():
    """The control: walks that went nowhere would prove nothing."""
    seen = set()
    for seed in range(10):
        walk = Walk(seed)
        walk.go()
        seen |= walk.words()

    assert {"waiting", "held", "submitting", "unknown", "processing", "failed"} <= seen
    assert seen & {"completed", "partial", "canceled"}
