"""Orders taken back before they are sent: free, once, and never while they go out ("refund.1.4", R3)."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from orders.delivery import dispatch
from orders.delivery.claiming import claim_wave
from orders.models import LinkHold, Order, Provider, Run
from orders.operations import cancelling, providers, statuses
from orders.operations.cancelling import AlreadySent, cancel_unsent
from plumbing import canonical, sql
from policies.models import Decision
from policies.operations import decisions as policies
from policies.rules import registry
from policies.rules.cancellations import CancelFacts, decide_cancel, is_free_to_cancel
from policies.rules.vocabulary import RunState
from tests.factories import CustomerFactory


def cancel(upstream, order: Order, *, user_id: int | None = None) -> None:
    cancel_unsent(user_id=user_id or upstream.customer.pk, order_id=order.pk, now=upstream.now)


@pytest.mark.parametrize(
    ("states", "free"),
    [
        ([RunState.QUEUED], True),
        ([RunState.QUEUED, RunState.QUEUED], True),
        *(([RunState.QUEUED, state], False) for state in RunState if state is not RunState.QUEUED),
        ([], False),
    ],
)
def test_the_rule(states, free):
    """ "refund.1.4": all of it waits; one part that is out, or that nobody understands, is enough."""
    assert is_free_to_cancel(states) is free
    assert decide_cancel(CancelFacts(states)).granted is free


class TestCanceled:
    def test_everything_is_paid_back_and_the_reason_kept(self, upstream):
        before = upstream.balance()
        order = upstream.order()

        cancel(upstream, order)

        canceled = upstream.fresh(order)
        assert (canceled.status, canceled.cause) == ("canceled", "canceled_before_claim")
        assert (canceled.refunded, upstream.balance()) == (order.charge, before)
        decision = Decision.objects.get()
        assert (decision.clause_refs, decision.amount) == (["refund.1.4"], order.charge)
        assert decision.actor == f"customer:{upstream.customer.pk}"
        last = order.events.latest("pk")
        assert (last.status, last.actor, last.clauses) == ("canceled", decision.actor, ["refund.1.4"])
        assert (upstream.run(order).state, upstream.run(order).outcome) == ("ended", "withdrawn")

    def test_it_is_never_sent_afterwards(self, upstream):
        order = upstream.order()
        cancel(upstream, order)

        assert (upstream.send(), upstream.arrived(order)) == (0, 0)

    def test_twice_is_once(self, upstream):
        order = upstream.order()

        cancel(upstream, order)
        cancel(upstream, order)

        assert (Decision.objects.count(), upstream.fresh(order).refunded) == (1, order.charge)

    def test_one_that_waits_or_is_held_may_be_canceled_too(self, upstream):
        """Nothing of them was sent, whatever they wait for."""
        link = "https://instagram.com/p/behind"
        first, waiting = upstream.order(link=link), upstream.order(link=link)
        upstream.send()
        held = upstream.order()
        Order.objects.filter(pk=held.pk).update(held_reason="provider_off")
        statuses.refresh(order_ids=[held.pk], actor="system", now=upstream.now)
        assert (upstream.fresh(waiting).status, upstream.fresh(held).status) == ("waiting", "held")

        for order in (waiting, held):
            cancel(upstream, order)

        assert {upstream.fresh(order).status for order in (waiting, held)} == {"canceled"}
        assert LinkHold.objects.get().order_id == first.pk

    def test_one_that_the_provider_put_off_is_unsent_again(self, upstream):
        """It provably did not arrive, so it waits as if nobody had tried."""
        order = upstream.order()
        upstream.simulator.fault("error:Not enough funds on balance")
        upstream.send()
        assert (upstream.run(order).tries, upstream.run(order).state) == (1, "queued")

        cancel(upstream, order)

        assert (upstream.fresh(order).status, upstream.accepted(order)) == ("canceled", 0)


class TestNotCanceled:
    @pytest.mark.parametrize("state", ["submitting", "unknown", "live", "parked"])
    def test_what_may_be_upstream_or_is_with_a_person_stays(self, upstream, state):
        order = upstream.order()
        upstream.send()
        Run.objects.update(state=state, lease_until=upstream.now)

        with pytest.raises(AlreadySent):
            cancel(upstream, order)

        refused = Decision.objects.get()
        assert upstream.fresh(order).refunded == 0
        assert (refused.rule, refused.outcome, refused.amount) == ("cancellations.decide_cancel", "refuse", None)
        assert (refused.clause_refs, refused.inputs) == (["refund.1.4"], {"states": [state]})
        assert (refused.policy_version_id, refused.actor) == (
            order.refund_policy_id,
            f"customer:{upstream.customer.pk}",
        )
        again = registry.again(
            name=refused.rule, version=refused.rule_version, inputs=refused.inputs, params=refused.params
        )
        assert canonical.plain([policies.stored_reason(each) for each in again.reasons]) == refused.detail["reasons"]

    def test_asked_ten_times_it_is_one_refusal_until_the_order_stands_elsewhere(self, upstream):
        order = upstream.order()
        upstream.send()

        for state, kept in (("live", 1), ("live", 1), ("parked", 2), ("live", 2)):
            Run.objects.update(state=state, lease_until=upstream.now)
            for _ in range(5):
                with pytest.raises(AlreadySent):
                    cancel(upstream, order)
            assert Decision.objects.count() == kept

    def test_what_ended_otherwise_stays(self, upstream):
        order = upstream.order(sim="partial:0.4")
        upstream.send()
        upstream.ended(order)

        with pytest.raises(AlreadySent, match="cancel_after_end"):
            cancel(upstream, order)

        assert [each.rule for each in Decision.objects.order_by("pk")] == [
            "refunds.decide_refund",
            "cancellations.decide_cancel",
        ]
        assert upstream.fresh(order).status == "partial"

    def test_somebody_elses_is_not_found(self, upstream):
        order = upstream.order()

        with pytest.raises(Order.DoesNotExist):
            cancel(upstream, order, user_id=CustomerFactory().pk)

        assert upstream.fresh(order).status == "queued"
        assert not Decision.objects.exists()


class TestPage:
    @pytest.fixture
    def browser(self, upstream) -> Client:
        browser = Client()
        browser.force_login(upstream.customer)
        return browser

    def test_it_says_what_comes_back_and_does_it(self, upstream, browser):
        order = upstream.order()
        address = reverse("orders:detail", args=[order.pk])
        assert "Cancel, $1.50 back" in browser.get(address).content.decode()

        answer = browser.post(reverse("orders:cancel", args=[order.pk]), follow=True)

        said = answer.content.decode()
        assert answer.redirect_chain[-1][0] == address
        assert "All you paid for it is back in your wallet." in said
        assert "Cancel, $" not in said

    def test_too_late_is_said_and_changes_nothing(self, upstream, browser):
        order = upstream.order()
        upstream.send()

        said = browser.post(reverse("orders:cancel", args=[order.pk]), follow=True).content.decode()

        assert "It was too late to cancel" in said
        assert "Cancel, $" not in said
        assert upstream.fresh(order).status == "processing"

    def test_a_refusal_has_a_receipt_that_says_why(self, upstream, browser):
        """Decision 24."""
        order = upstream.order()
        upstream.send()
        browser.post(reverse("orders:cancel", args=[order.pk]))
        refused = Decision.objects.get()
        receipt = reverse("orders:decision", args=[order.pk, refused.uuid])

        page = browser.get(reverse("orders:detail", args=[order.pk])).content.decode()
        assert "Cancel refused" in page
        assert receipt in page
        said = browser.get(receipt).content.decode()
        for part in ("Cancel refused", "had already gone out to the provider", "refund.1.4", "with the provider"):
            assert part in said
        assert "How the amount came about" not in said
        evidence = browser.get(reverse("orders:evidence", args=[order.pk])).content.decode()
        assert "Cancel refused" in evidence
        assert "The sum:" not in evidence

    def test_it_is_asked_for_by_a_post_of_its_owner(self, upstream, browser):
        order = upstream.order()
        address = reverse("orders:cancel", args=[order.pk])
        stranger = Client()
        stranger.force_login(CustomerFactory())

        assert browser.get(address).status_code == 405
        assert stranger.post(address).status_code == 404
        assert upstream.fresh(order).status == "queued"


@pytest.mark.django_db(transaction=True)
class TestRaced:
    """Against the claim: an order is sent or canceled, never both."""

    @pytest.fixture
    def upstream(self, connect, with_request_ids):
        return connect(with_request_ids)

    def elsewhere(self, work: Callable[[], Any]) -> "Future[Any]":
        """On a connection of its own."""

        def _work() -> Any:
            try:
                return work()
            finally:
                connections.close_all()

        return ThreadPoolExecutor(1).submit(_work)

    def cancel_during_a_claim(self, upstream, order: Order) -> "Future[Any]":
        """A cancel that began while a claim, not committed yet, was taking the order."""
        with transaction.atomic():
            statuses.lock([order.pk]).get()
            Run.objects.update(state="submitting", attempt=upstream.run(order).request_id, lease_until=upstream.now)
            late = self.elsewhere(lambda: cancel(upstream, order))
            while not sql.rows("SELECT FROM pg_locks WHERE NOT granted"):
                time.sleep(0.01)
            statuses.refresh(order_ids=[order.pk], actor="system", now=upstream.now)
        return late

    def test_a_cancel_waits_for_a_claim_and_finds_it_sent(self, upstream):
        order = upstream.order()

        with pytest.raises(AlreadySent):
            self.cancel_during_a_claim(upstream, order).result(10)

        assert (upstream.fresh(order).status, upstream.fresh(order).refunded) == ("submitting", 0)

    def test_without_its_lock_it_would_say_canceled_of_what_is_sent(self, upstream, monkeypatch):
        """The control."""
        order = upstream.order()
        monkeypatch.setattr(cancelling.statuses, "lock", lambda ids: Order.objects.filter(pk__in=ids))

        assert self.cancel_during_a_claim(upstream, order).result(10) is None
        assert upstream.fresh(order).status == "submitting"

    def test_a_claim_skips_what_is_being_canceled(self, upstream):
        order = upstream.order()
        provider = Provider.objects.get()

        with transaction.atomic():
            statuses.lock([order.pk]).get()
            wave = self.elsewhere(lambda: claim_wave(provider=provider, balance=None, now=upstream.now)).result(10)

        assert (len(wave.claimed), LinkHold.objects.count()) == (0, 0)

    def test_twenty_orders_are_each_sent_or_canceled(self, upstream):
        before = upstream.balance()
        orders = [upstream.order() for _ in range(20)]
        providers.reopen(provider_id=upstream.provider.pk, by="staff:1", now=upstream.now)

        def cancel_all() -> int:
            canceled = 0
            for order in reversed(orders):
                try:
                    cancel(upstream, order)
                    canceled += 1
                except AlreadySent:
                    pass
            return canceled

        canceling = self.elsewhere(cancel_all)
        dispatch.send_due(provider_id=upstream.provider.pk, now=upstream.now)
        canceled = canceling.result(30)

        ended = [(upstream.accepted(order), upstream.fresh(order).status) for order in orders]
        assert ended.count((0, "canceled")) == canceled
        assert ended.count((1, "processing")) == len(orders) - canceled
        assert before - upstream.balance() == orders[0].charge * (len(orders) - canceled)
