"""Submissions that nobody can vouch for: healed by request id, else held for a person, never sent again unproved."""

from datetime import timedelta

import pytest
from django.db import transaction

from accounts.models import Outgoing
from orders.delivery import answers, leases, reconcile
from orders.delivery.claiming import claim_wave
from orders.models import Attempt, Flag, Order, OrderEvent, Provider, ProviderLease, Run
from orders.operations import parking, unknowns
from orders.providers import adapter_for
from orders.providers.classify import Classified, classify
from policies.rules.vocabulary import Submission

PAST = "2020-01-01T00:00Z"


def lease_runs_out(order) -> None:
    Run.objects.filter(order=order).update(lease_until=PAST)


def open_flags(order) -> list[str]:
    return list(Flag.objects.filter(order=order, resolved_at=None).values_list("kind", flat=True))


def reconciled(upstream) -> int:
    return reconcile.ask_unknowns(provider_id=upstream.provider.pk, now=upstream.now)


class TestRequestIds:
    """Decision 13: a provider that keeps request ids is asked after the run's lease."""

    def test_an_answer_lost_after_acceptance_is_found_again(self, upstream):
        """Reliability 3, row 3: the provider counts one."""
        order = upstream.order(sim="drop")
        upstream.send()
        assert (upstream.fresh(order).status, open_flags(order)) == ("unknown", ["unknown"])

        assert reconciled(upstream) == 0  # its lease still runs: the answer may be on its way
        lease_runs_out(order)
        assert reconciled(upstream) == 1

        assert (upstream.fresh(order).status, open_flags(order)) == ("processing", [])
        assert upstream.accepted(order) == 1
        assert upstream.ended(order).status == "completed"

    def test_what_never_arrived_is_sent_again_under_the_same_id(self, upstream):
        order = upstream.order()
        upstream.simulator.fault("http_500", accepted=0)
        upstream.send()
        before = upstream.run(order).request_id
        lease_runs_out(order)

        assert reconciled(upstream) == 1
        assert (upstream.fresh(order).status, upstream.run(order).request_id) == ("queued", before)
        upstream.send()

        assert (upstream.arrived(order), upstream.accepted(order)) == (2, 1)
        assert upstream.fresh(order).status == "processing"

    def test_a_provider_that_says_nothing_proves_nothing(self, upstream):
        order = upstream.order(sim="drop")
        upstream.send()
        lease_runs_out(order)
        upstream.simulator.fault("html", action="status")

        assert reconciled(upstream) == 0
        assert upstream.fresh(order).status == "unknown"

    def test_only_providers_with_unknowns_are_asked(self, upstream):
        upstream.order()
        upstream.send()

        assert reconcile.providers_due(now=upstream.now) == []


class TestWhatNeverLands:
    """Reliability 3, row 31: tries are capped, then a person has it, and nobody else sends it."""

    def lost(self, upstream, order) -> str:
        """Send it, lose it, and have the provider say that it never had it."""
        upstream.simulator.fault("http_500", accepted=0)
        upstream.send()
        lease_runs_out(order)
        reconciled(upstream)
        upstream.later(minutes=2)
        return str(upstream.run(order).state)

    def test_is_parked_after_five_tries_that_the_provider_never_had(self, upstream, settings):
        settings.ALARM_EMAIL = "owner@example.test"
        order = upstream.order()

        assert [self.lost(upstream, order) for _ in range(6)] == [*["queued"] * 4, "parked", "parked"]

        assert (upstream.fresh(order).status, open_flags(order)) == ("held", ["never_lands"])
        assert (upstream.arrived(order), upstream.accepted(order), upstream.fresh(order).refunded) == (5, 0, 0)
        alarm = Outgoing.objects.get(key__contains=":never_lands:")
        assert alarm.subject == f"Orders do not arrive at {upstream.provider.name}"
        assert OrderEvent.objects.filter(order=order, kind="parked").count() == 1

    def test_staff_hear_of_one_provider_once(self, upstream, settings):
        settings.ALARM_EMAIL = "owner@example.test"
        for order in [upstream.order(), upstream.order()]:
            Attempt.objects.all().delete()
            with transaction.atomic():
                parking.park(run=upstream.run(order), reason="refused", now=upstream.now)

        alarms = Outgoing.objects.filter(key__contains=":never_lands:")
        assert (Flag.objects.count(), alarms.count()) == (2, 1)

    def test_goes_out_once_more_when_staff_say_so(self, upstream):
        order = upstream.order()
        for _ in range(5):
            self.lost(upstream, order)

        unknowns.resend_run(run_id=upstream.run(order).pk, actor="staff:3", reason="mended", now=upstream.now)
        upstream.send()

        assert (upstream.fresh(order).status, open_flags(order)) == ("processing", [])
        assert upstream.accepted(order) == 1

    def test_answers_that_say_later_are_no_lost_tries(self, upstream):
        order = upstream.order()
        upstream.simulator.fault("http_429:1", next=9)
        for _ in range(9):
            upstream.send()
            upstream.later(minutes=2)

        upstream.send()

        assert (upstream.accepted(order), upstream.run(order).tries) == (1, 10)

    def test_what_does_not_even_leave_us_is_parked_too(self, upstream):
        """A provider whose balance answers and whose orders are refused a connection."""
        order = upstream.order()
        for _ in range(parking.MOST_LOST_TRIES):
            (claimed,) = claim_wave(provider=upstream.provider, balance=None, now=upstream.now).claimed
            said = Classified(Submission.NOT_SENT, "refused")
            answers.record(provider_id=upstream.provider.pk, outcomes=[(claimed, said)], now=upstream.now)

        assert (upstream.fresh(order).status, open_flags(order)) == ("held", ["never_lands"])
        assert upstream.send() == 0


class TestWithoutRequestIds:
    @pytest.mark.parametrize("trouble", ["drop", "http_500", "html", "empty", "garbage", "wrong_shape"])
    def test_an_unclear_answer_is_held_and_never_sent_again(self, forgetful, trouble):
        """Reliability 3, rows 5 and 6: held, money held, nobody asks and nobody resends."""
        order = forgetful.order(sim=trouble)
        forgetful.send()
        lease_runs_out(order)

        for _ in range(3):
            reconcile.expire_leases(now=forgetful.later(hours=1))
            assert reconcile.providers_due(now=forgetful.now) == []
            assert reconciled(forgetful) == 0
            assert forgetful.send() == 0

        held = forgetful.fresh(order)
        assert (held.status, held.refunded, open_flags(order)) == ("unknown", 0, ["unknown"])
        assert (forgetful.arrived(order), forgetful.accepted(order)) == (1, 1)

    def test_an_answer_after_our_deadline_leaves_it_unknown(self, forgetful):
        """Reliability 3, row 5."""
        type(forgetful.provider).objects.update(add_deadline=1)
        order = forgetful.order(sim="late:2")

        forgetful.send()

        assert (forgetful.fresh(order).status, Attempt.objects.get().reason) == ("unknown", "timeout")


class TestLeases:
    def claimed(self, upstream):
        (claimed,) = claim_wave(provider=upstream.provider, balance=None, now=upstream.now).claimed
        return claimed

    def test_a_worker_that_died_after_the_claim_leaves_an_unknown(self, forgetful):
        """Reliability 3, row 2: nobody can tell before from after the first byte; nothing is sent again."""
        order = forgetful.order()
        self.claimed(forgetful)
        assert forgetful.fresh(order).status == "submitting"
        assert reconcile.expire_leases(now=forgetful.now) == 0

        lease_runs_out(order)

        assert reconcile.expire_leases(now=forgetful.now) == 1
        assert reconcile.expire_leases(now=forgetful.now) == 0
        assert (forgetful.fresh(order).status, open_flags(order)) == ("unknown", ["unknown"])
        assert forgetful.send() == 0

    def test_one_that_cannot_be_written_keeps_no_other_from_it(self, forgetful):
        """Reliability 3, row 31."""
        broken, other = forgetful.order(), forgetful.order()
        claim_wave(provider=forgetful.provider, balance=None, now=forgetful.now)
        Order.objects.filter(pk=broken.pk).update(status="waiting")  # nothing leads from there to unknown
        lease_runs_out(broken)
        lease_runs_out(other)

        assert reconcile.expire_leases(now=forgetful.now) == 2
        assert (forgetful.fresh(broken).status, forgetful.fresh(other).status) == ("waiting", "unknown")
        assert sorted(open_flags(broken)) == ["odd_status", "unknown"]

    def test_the_worker_that_lives_after_all_may_still_write_its_answer(self, forgetful):
        """Reliability 2, rule 4a: a late answer of the same attempt links the run."""
        order = forgetful.order()
        claimed = self.claimed(forgetful)
        lease_runs_out(order)
        reconcile.expire_leases(now=forgetful.now)

        said = classify(adapter_for(forgetful.provider).add(claimed.request))
        answers.record(provider_id=forgetful.provider.pk, outcomes=[(claimed, said)], now=forgetful.now)

        assert (forgetful.fresh(order).status, open_flags(order)) == ("processing", [])
        assert forgetful.run(order).provider_order_id == said.provider_order_id

    def test_an_answer_whose_attempt_is_over_is_only_evidence(self, upstream):
        type(upstream.provider).objects.update(request_ids=True)
        upstream.provider.refresh_from_db()
        order = upstream.order()
        claimed = self.claimed(upstream)
        lease_runs_out(order)
        reconcile.expire_leases(now=upstream.now)
        unknowns.resend_run(run_id=claimed.run_id, actor="staff:1", reason="not received", now=upstream.now)

        said = classify(adapter_for(upstream.provider).add(claimed.request))
        answers.record(provider_id=upstream.provider.pk, outcomes=[(claimed, said)], now=upstream.now)

        assert upstream.fresh(order).status == "queued"
        assert Attempt.objects.get().submission == "accepted"
        assert not open_flags(order)
        upstream.send()  # the same request id: the provider answers with the same order
        assert (upstream.accepted(order), upstream.fresh(order).status) == (1, "processing")


class TestTakenAfterItWasGivenUp:
    """A person said "not received", and the answer comes after all: it may be delivered twice, and staff are told."""

    def late(self, upstream, order, decide) -> None:
        (claimed,) = claim_wave(provider=upstream.provider, balance=None, now=upstream.now).claimed
        lease_runs_out(order)
        reconcile.expire_leases(now=upstream.now)
        decide(run_id=claimed.run_id, actor="staff:1", reason="not received", now=upstream.now)
        said = classify(adapter_for(upstream.provider).add(claimed.request))
        for _ in range(2):
            answers.record(provider_id=upstream.provider.pk, outcomes=[(claimed, said)], now=upstream.now)

    @pytest.mark.parametrize("decide", [unknowns.resend_run, unknowns.refund_run])
    def test_where_the_provider_keeps_no_request_ids(self, forgetful, decide):
        order = forgetful.order()

        self.late(forgetful, order, decide)

        flag = Flag.objects.get(order=order, resolved_at=None)
        assert (flag.kind, flag.run, flag.facts["provider_order_id"] > 0) == ("taken_late", forgetful.run(order), True)

    @pytest.mark.parametrize(("decide", "told"), [(unknowns.resend_run, []), (unknowns.refund_run, ["taken_late"])])
    def test_where_it_does_the_next_try_is_the_same_order_if_there_is_one(self, upstream, decide, told):
        type(upstream.provider).objects.update(request_ids=True)
        upstream.provider.refresh_from_db()
        order = upstream.order()

        self.late(upstream, order, decide)

        assert open_flags(order) == told


class TestStaff:
    @pytest.fixture
    def lost(self, forgetful):
        order = forgetful.order(sim="drop")
        forgetful.send()
        return forgetful.run(order)

    def decide(self, how, run, **more):
        how(run_id=run.pk, actor="staff:3", reason="seen in their panel", now=run.order.placed_at, **more)

    def test_linking_follows_the_provider_s_order(self, forgetful, lost):
        kept = [line["order"] for line in forgetful.simulator.journal() if "order" in line]
        (number,) = [order["id"] for order in kept if order["link"] == lost.order.link]

        self.decide(unknowns.link_run, lost, provider_order_id=number)

        assert forgetful.ended(lost.order).status == "completed"
        event = OrderEvent.objects.get(order=lost.order, kind="linked")
        assert (event.actor, event.facts["reason"], event.public) == ("staff:3", "seen in their panel", False)
        flag = Flag.objects.get(order=lost.order)
        assert (flag.resolved_by, flag.resolution) == ("staff:3", "seen in their panel")

    def test_an_order_of_the_provider_links_to_one_run(self, forgetful, lost):
        other = forgetful.order()
        forgetful.later(seconds=5)
        forgetful.send()

        with pytest.raises(unknowns.IdTaken):
            self.decide(unknowns.link_run, lost, provider_order_id=forgetful.run(other).provider_order_id)

    def test_not_received_sends_it_again(self, forgetful, lost):
        self.decide(unknowns.resend_run, lost)
        forgetful.later(minutes=1)

        assert forgetful.send() == 1
        assert forgetful.arrived(lost.order) == 2

    def test_giving_up_refunds_everything_once(self, forgetful, lost):
        before = forgetful.balance()

        self.decide(unknowns.refund_run, lost)
        with pytest.raises(unknowns.AlreadyDecided):
            self.decide(unknowns.refund_run, lost)

        order = forgetful.fresh(lost.order)
        assert (order.status, order.refunded) == ("failed", order.charge)
        assert forgetful.balance() - before == order.charge


def test_unknown_runs_of_accepted_orders_never_step_back(upstream):
    """Decision 11: after a first acceptance a later unknown is a flag."""
    order = upstream.order()
    upstream.send()
    first = upstream.run(order)
    part = Run.objects.create(
        order=order,
        number=2,
        quantity=500,
        provider=first.provider,
        provider_service=first.provider_service,
        due_at=upstream.now + timedelta(seconds=1),
    )
    upstream.simulator.fault("drop")
    upstream.later(seconds=2)

    upstream.send()

    part.refresh_from_db()
    assert (part.state, upstream.fresh(order).status, open_flags(order)) == ("unknown", "processing", ["unknown"])


def calls(upstream) -> int:
    """How often the provider was asked how something stands."""
    return int(upstream.simulator.watch()["requests"].get("status", 0))


class TestAskingAfterMany:
    """Decision 12: one worker at a time, the longest waiting first, and a provider that hangs is left in peace."""

    @pytest.fixture
    def three(self, upstream):
        """Three orders that arrived and were not answered, at a provider who is asked two at a time."""
        Provider.objects.update(poll_concurrency=2)
        orders = [upstream.order(sim="drop") for _ in range(3)]
        upstream.send()
        for order in orders:
            lease_runs_out(order)
        return orders

    def states(self, orders) -> list[str]:
        return [Run.objects.get(order=order).state for order in orders]

    def let_it_be_asked(self) -> None:
        ProviderLease.objects.update(until=PAST)

    def test_all_are_asked_about_in_one_pass_while_it_answers(self, upstream, three):
        assert reconciled(upstream) == 3
        assert self.states(three) == ["live"] * 3

    def test_what_it_says_nothing_of_lets_the_others_pass(self, upstream, three):
        """Those that are never answered about starve nobody."""
        upstream.simulator.fault("html", action="status", next=2)
        assert reconciled(upstream) == 0

        self.let_it_be_asked()

        assert reconciled(upstream) == 1
        assert self.states(three) == ["unknown", "unknown", "live"]

    def test_after_silence_it_is_left_in_peace_for_a_while(self, upstream, three):
        upstream.simulator.fault("html", action="status", next=99)
        reconciled(upstream)
        asked = calls(upstream)

        assert reconcile.providers_due(now=upstream.now) == []
        assert reconciled(upstream) == 0

        assert calls(upstream) == asked
        self.let_it_be_asked()
        assert reconcile.providers_due(now=upstream.now) == [upstream.provider.pk]

    def test_a_round_that_hangs_is_the_last_one(self, upstream, three):
        """One deadline, however many are unknown."""
        upstream.simulator.fault("late:3", action="status", next=99)
        before = calls(upstream)

        assert reconciled(upstream) == 0

        assert calls(upstream) - before == 2

    def test_a_second_worker_asks_nothing_meanwhile(self, upstream, three):
        with leases.held(provider_id=upstream.provider.pk, work=ProviderLease.Work.ASK):
            assert reconcile.providers_due(now=upstream.now) == []
            assert reconciled(upstream) == 0

        assert reconciled(upstream) == 3

    def test_who_asks_us_to_wait_is_not_asked(self, upstream, three):
        Provider.objects.update(backoff_until=upstream.now + timedelta(seconds=1))

        assert reconcile.providers_due(now=upstream.now) == []
        assert reconcile.providers_due(now=upstream.later(seconds=1)) == [upstream.provider.pk]
