"""Orders taken back before they are sent: free, once, and never while they go out ("refund.1.4", R3)."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from orders.delivery import canceling, claiming, dispatch, leases, reconcile
from orders.delivery.claiming import claim_wave
from orders.models import CancelCall, Flag, LinkHold, Order, OrderEvent, Provider, ProviderLease, Route, Run, Service
from orders.operations import cancelling, providers, statuses
from orders.operations.cancelling import TooLate, cancel_order
from plumbing import canonical, sql
from policies.models import Decision
from policies.operations import decisions as policies
from policies.rules import registry
from policies.rules.cancellations import CancelFacts, as_in_version_1, decide_cancel, is_free_to_cancel
from policies.rules.drip_feed import Drip
from policies.rules.vocabulary import RunState
from tests.factories import CustomerFactory

NOT_CANCELED = "1000"  # a service of the simulator that says no to every cancel
UNWRITABLE = """
    CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.run_id::text = TG_ARGV[0] AND NEW.answer <> '' THEN RAISE EXCEPTION 'no'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON orders_cancelcall FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse(%s)
"""


@pytest.fixture
def browser(upstream) -> Client:
    browser = Client()
    browser.force_login(upstream.customer)
    return browser


def cancel(upstream, order: Order, *, user_id: int | None = None) -> bool:
    return cancel_order(user_id=user_id or upstream.customer.pk, order_id=order.pk, now=upstream.now)


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
    left_over = set(states) == {RunState.QUEUED, RunState.ENDED}

    assert is_free_to_cancel(states) is free
    assert decide_cancel(CancelFacts(states)).granted is (free or left_over)
    assert as_in_version_1(states).granted is free


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

        with pytest.raises(TooLate):
            cancel(upstream, order)

        refused = Decision.objects.get()
        assert upstream.fresh(order).refunded == 0
        assert (refused.rule, refused.outcome, refused.amount) == ("cancellations.decide_cancel", "refuse", None)
        assert (refused.clause_refs, refused.inputs) == (
            *(["refund.1.4"], {"states": [state], "offered": False, "declined": False}),
        )
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
                with pytest.raises(TooLate):
                    cancel(upstream, order)
            assert Decision.objects.count() == kept

    def test_what_ended_otherwise_stays(self, upstream):
        order = upstream.order(sim="partial:0.4")
        upstream.send()
        upstream.ended(order)

        with pytest.raises(TooLate, match="cancel_after_end"):
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
    def test_it_says_what_comes_back_and_does_it(self, upstream, browser):
        order = upstream.order()
        address = reverse("orders:detail", args=[order.pk])
        assert "Cancel, $1.50 back" in browser.get(address).content.decode()

        answer = browser.post(reverse("orders:cancel", args=[order.pk]), follow=True)

        said = answer.content.decode()
        assert answer.redirect_chain[-1][0] == address
        assert "What was not delivered is paid back to your wallet." in said
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


class TestLeftOver:
    """Parts that were not sent, behind parts that have ended."""

    def test_the_rest_is_taken_back_and_what_was_delivered_is_paid(self, upstream):
        Service.objects.update(dripfeed=True)
        order = upstream.order(quantity=100, drip=Drip(3, 60))
        upstream.send()
        while order.runs.filter(state="live").exists():
            upstream.look()

        assert cancel(upstream, order) is True

        canceled = upstream.fresh(order)
        assert (canceled.status, canceled.cause) == ("partial", "cancel_confirmed")
        assert canceled.refunded == canceled.charge * 2 / 3
        assert Decision.objects.get().clause_refs == ["refund.7.3"]
        assert (upstream.send(), upstream.accepted(order)) == (0, 1)


class TestAskedOfTheProvider:
    """R3 after sending, and row 2 of the refund table: nothing more goes out, and its provider is asked."""

    @pytest.fixture(autouse=True)
    def offered(self, upstream) -> None:
        Service.objects.update(cancel=True, dripfeed=True)
        Provider.objects.update(request_ids=True)

    def ask(self, upstream) -> int:
        return canceling.ask(provider_id=upstream.provider.pk, now=upstream.later(hours=2))

    def find(self, upstream) -> None:
        """Ask about what is unknown, once its claim has run out."""
        Run.objects.update(lease_until=upstream.now - timedelta(days=900))
        reconcile.ask_unknowns(provider_id=upstream.provider.pk, now=upstream.now)

    def sent(self, upstream, **asked: Any) -> Order:
        order = upstream.order(quantity=50_000, **asked)
        upstream.send()
        return order

    def test_it_is_asked_and_only_what_the_provider_reports_is_paid_back(self, upstream, browser):
        order = self.sent(upstream)
        upstream.until_moving(order)

        assert cancel(upstream, order) is False
        assert (upstream.fresh(order).status, upstream.fresh(order).refunded) == ("cancel_requested", 0)
        waiting = Decision.objects.get()
        assert (waiting.outcome, waiting.clause_refs, waiting.rule_version) == ("wait", ["refund.7.3"], 2)
        assert self.ask(upstream) == 1
        assert upstream.fresh(order).refunded == 0

        canceled = upstream.ended(order)
        told = upstream.simulator.truth(upstream.run(order).provider_order_id, at=time.time())
        assert (canceled.status, canceled.cause) == ("partial", "cancel_confirmed")
        assert canceled.refunded == canceled.charge * (50_000 - told["delivered"]) / 50_000
        assert 0 < told["delivered"] < 50_000
        assert Decision.objects.filter(rule="refunds.decide_refund").get().clause_refs == ["refund.7.3"]
        assert cancel(upstream, order) is True  # asked once more, it is done
        receipts = browser.get(reverse("orders:detail", args=[order.pk])).content.decode()
        assert "Cancel asked for" in receipts

    def test_asked_again_it_is_one_wish_and_one_call(self, upstream):
        order = self.sent(upstream)

        assert [cancel(upstream, order) for _ in range(3)] == [False] * 3
        assert [self.ask(upstream) for _ in range(3)] == [1, 0, 0]
        assert (Decision.objects.count(), CancelCall.objects.get().tries) == (1, 1)

    def test_parts_that_were_not_sent_never_go_out(self, upstream):
        order = upstream.order(quantity=100, drip=Drip(3, 60))
        upstream.send()

        cancel(upstream, order)
        assert sorted(order.runs.values_list("state", "outcome")) == [("ended", "withdrawn")] * 2 + [("live", "")]
        upstream.later(days=1)
        upstream.send()

        assert upstream.accepted(order) == 1

    def test_declined_it_goes_on_says_so_and_may_be_asked_for_again(self, upstream, browser):
        Route.objects.update(provider_service=NOT_CANCELED)
        order = self.sent(upstream)
        cancel(upstream, order)

        self.ask(upstream)

        going_on = upstream.fresh(order)
        assert (going_on.status, going_on.cancel_requested_at, going_on.refunded) == ("processing", None, 0)
        wait, refused = Decision.objects.order_by("pk")
        assert (wait.outcome, refused.outcome, refused.actor) == ("wait", "refuse", "system")
        assert "The provider declined" in browser.get(reverse("orders:detail", args=[order.pk])).content.decode()
        assert "Cancel is disabled" in OrderEvent.objects.get(kind="cancel_declined").facts["said"]
        assert not CancelCall.objects.exists()
        assert cancel(upstream, order) is False
        assert upstream.fresh(order).status == "cancel_requested"

    def test_one_that_says_no_and_ends_it_all_the_same_has_ended_it(self, upstream):
        order = self.sent(upstream)
        cancel(upstream, order)
        upstream.simulator.fault("error:Cancel is disabled for this service", action="cancel")

        self.ask(upstream)
        ended = upstream.ended(order)

        assert (ended.cause, ended.refunded > 0) == ("provider_ended", True)

    @pytest.mark.parametrize("trouble", ["http_500", "html", "drop", "garbage", "wrong_shape", "error:Invalid API key"])
    def test_without_an_answer_it_is_asked_for_again_and_then_told(self, upstream, trouble):
        order = self.sent(upstream)
        cancel(upstream, order)
        upstream.simulator.control(faults=[{"action": "cancel", "kind": trouble, "rate": 1, "accepted": 0}])

        assert [self.ask(upstream) for _ in range(canceling.MOST_TRIES - 1)] == [0] * (canceling.MOST_TRIES - 1)
        assert not Flag.objects.exists()
        self.ask(upstream)

        assert Flag.objects.get().kind == "cancel_unheard"
        assert (upstream.fresh(order).status, upstream.fresh(order).refunded) == ("cancel_requested", 0)
        upstream.simulator.control(reset=True)
        assert self.ask(upstream) == 1

    def test_it_waits_between_two_tries(self, upstream):
        order = self.sent(upstream)
        cancel(upstream, order)
        upstream.simulator.fault("drop", action="cancel", accepted=0)
        self.ask(upstream)

        soon = upstream.now + timedelta(seconds=59)
        assert canceling.providers_due(now=soon) == []
        assert canceling.providers_due(now=soon + timedelta(seconds=1)) == [upstream.provider.pk]
        assert canceling.oldest_due(now=soon + timedelta(hours=1)) == soon + timedelta(seconds=1)

    def test_what_nobody_can_vouch_for_is_asked_back_once_it_is_found(self, upstream):
        order = upstream.order(quantity=50_000, sim="drop")
        upstream.send()
        assert upstream.fresh(order).status == "unknown"

        assert cancel(upstream, order) is False
        assert canceling.providers_due(now=upstream.now) == []
        self.find(upstream)

        assert upstream.fresh(order).status == "cancel_requested"
        assert self.ask(upstream) == 1
        assert upstream.ended(order).cause == "cancel_confirmed"

    def test_what_never_arrived_is_not_sent_again_but_paid_back(self, upstream):
        before = upstream.balance()
        order = upstream.order()
        upstream.simulator.fault("http_500", accepted=0)
        upstream.send()
        cancel(upstream, order)

        self.find(upstream)
        assert upstream.run(order).state == "queued"
        assert upstream.send() == 0  # fenced
        canceling.withdraw_queued(now=upstream.now)

        assert (upstream.fresh(order).status, upstream.balance()) == ("canceled", before)
        assert upstream.accepted(order) == 0

    def test_without_the_fence_it_would_go_out_again(self, upstream, monkeypatch):
        """The control."""
        order = upstream.order()
        upstream.simulator.fault("http_500", accepted=0)
        upstream.send()
        cancel(upstream, order)
        self.find(upstream)
        for statement in ("LOCK", "STILL_SENDABLE"):
            unfenced = getattr(claiming, statement).replace("AND held.cancel_requested_at IS NULL", "")
            monkeypatch.setattr(claiming, statement, unfenced)

        assert (upstream.send(), upstream.accepted(order)) == (1, 1)

    def test_what_is_delivered_whole_all_the_same_is_paid(self, upstream):
        order = upstream.order(quantity=100)
        upstream.send()
        cancel(upstream, order)

        ended = upstream.ended(order)

        assert (ended.status, ended.refunded) == ("completed", 0)
        assert canceling.providers_due(now=upstream.now) == []

    def test_staff_who_deliver_by_hand_are_told(self, upstream):
        order = self.sent(upstream)
        Provider.objects.update(adapter="manual", api_url="")
        cancel(upstream, order)

        self.ask(upstream)

        assert (Flag.objects.get().kind, Flag.objects.get().order) == ("cancel_by_hand", order)
        assert upstream.fresh(order).status == "cancel_requested"

    def test_the_page_says_what_it_would_give_back_and_asks(self, upstream, browser):
        """R4: what a cancel would give now."""
        order = self.sent(upstream)
        address = reverse("orders:detail", args=[order.pk])

        assert "Ask to cancel, up to" in browser.get(address).content.decode()
        said = browser.post(reverse("orders:cancel", args=[order.pk]), follow=True).content.decode()

        assert "We are asking the provider to cancel it" in said
        assert "Ask to cancel" not in said

    def test_one_that_cannot_be_written_keeps_no_other_from_it(self, upstream):
        """Reliability 3, row 31."""
        Route.objects.update(provider_service=NOT_CANCELED)
        broken, other = self.sent(upstream), self.sent(upstream)
        for order in (broken, other):
            cancel(upstream, order)
        sql.execute(UNWRITABLE, [upstream.run(broken).pk])

        self.ask(upstream)

        assert upstream.fresh(other).status == "processing"
        assert upstream.fresh(broken).status == "cancel_requested"

    def test_many_are_asked_about_in_one_call(self, upstream):
        for _ in range(3):
            cancel(upstream, self.sent(upstream))
        before = upstream.simulator.watch()["requests"].get("cancel", 0)

        assert self.ask(upstream) == 3
        assert upstream.simulator.watch()["requests"]["cancel"] == before + 1


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

        with pytest.raises(TooLate):
            self.cancel_during_a_claim(upstream, order).result(10)

        assert (upstream.fresh(order).status, upstream.fresh(order).refunded) == ("submitting", 0)

    def test_without_its_lock_it_would_say_canceled_of_what_is_sent(self, upstream, monkeypatch):
        """The control."""
        order = upstream.order()
        monkeypatch.setattr(cancelling.statuses, "lock", lambda ids: Order.objects.filter(pk__in=ids))

        assert self.cancel_during_a_claim(upstream, order).result(10) is True
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
                except TooLate:
                    pass
            return canceled

        canceling = self.elsewhere(cancel_all)
        dispatch.send_due(provider_id=upstream.provider.pk, now=upstream.now)
        canceled = canceling.result(30)

        ended = [(upstream.accepted(order), upstream.fresh(order).status) for order in orders]
        assert ended.count((0, "canceled")) == canceled
        assert ended.count((1, "processing")) == len(orders) - canceled
        assert before - upstream.balance() == orders[0].charge * (len(orders) - canceled)


class TestAProviderInTrouble:
    @pytest.fixture(autouse=True)
    def offered(self, upstream):
        Service.objects.update(cancel=True)

    def test_two_workers_never_ask_it_at_once(self, upstream):
        """Decision 12: one that hangs holds up one worker."""
        order = upstream.order(quantity=50_000)
        upstream.send()
        cancel(upstream, order)

        with leases.held(provider_id=upstream.provider.pk, work=ProviderLease.Work.CANCEL):
            assert canceling.providers_due(now=upstream.now) == []
            assert canceling.ask(provider_id=upstream.provider.pk, now=upstream.now) == 0

        assert canceling.ask(provider_id=upstream.provider.pk, now=upstream.now) == 1

    def test_it_is_left_in_peace_as_long_as_it_asked(self, upstream):
        order = upstream.order(quantity=50_000)
        upstream.send()
        cancel(upstream, order)
        Provider.objects.update(backoff_until=upstream.now + timedelta(seconds=1))

        assert canceling.providers_due(now=upstream.now) == []
        assert canceling.providers_due(now=upstream.later(seconds=1)) == [upstream.provider.pk]
