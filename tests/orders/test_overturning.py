"""Appeals decided by staff: a new decision supersedes, the difference is paid once, the books balance (D54)."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

import policies.operations as policies
import wallet.operations as wallet
from accounts import operations as accounts
from accounts.models import Outgoing, User
from orders import verification as of_orders
from orders.models import Flag, Order, OrderEvent
from orders.operations import cancelling, overturning, settling, statuses
from policies.models import Appeal, Decision
from policies.operations import replaying
from policies.rules import registry
from policies.rules.vocabulary import Cause, RunOutcome
from tests.factories import NOON, CustomerFactory, OrderFactory, ServiceFactory, fund
from tests.orders.decided import decided
from wallet import verification as of_wallet

WHY = "The provider counted somebody else's likes."
WORDS = "None of it arrived where it should."


def staff_of(group: str, name: str = "") -> User:
    accounts.seed()
    user = User.objects.create_user(f"{name or group}@staff.test", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


def appealed(*, delivered: int = 990, **more: object) -> Appeal:
    """An order of 1,000 units for 1.50 that ended short; its owner disagrees."""
    columns = {name: more.pop(name) for name in ("user", "service", "quantity") if name in more}
    order = OrderFactory(at=NOON, **columns)
    decision = decided(order, delivered=delivered, now=NOON, **more)
    asked = {"user_id": order.user_id, "order_id": order.pk, "decision": decision.uuid}
    return overturning.ask(**asked, words=WORDS, now=NOON)


def overturn(staff: User, appeal: Appeal, amount: str = "0.50", reason: str = WHY) -> None:
    overturning.overturn(staff=staff, appeal_id=appeal.pk, amount=Decimal(amount), reason=reason, now=NOON)


def fund_with_bonus(user: User, amount: Decimal, *, bonus: Decimal) -> None:
    """A top-up and the bonus that it brought, as the ledger's checks want one: recorded on it, and about it."""
    top_up = fund(user, amount)
    top_up.bonus = bonus
    top_up.save(update_fields=["bonus"])
    about = {"subject_type": "top_up", "subject_id": top_up.pk, "key": f"topup:{top_up.pk}:bonus"}
    wallet.grant_bonus(user_id=user.pk, amount=bonus, actor="system", now=NOON, **about)


def order_of(appeal: Appeal) -> Order:
    return Order.objects.get(pk=appeal.decision.subject_id)


def differing() -> int:
    """Rows that break what must hold between orders, wallet and ledger."""
    return of_wallet.run([*of_wallet.CHECKS, *of_orders.CHECKS]).differing


@pytest.fixture
def support(db) -> User:
    return staff_of("support")


@pytest.fixture
def appeal(db) -> Appeal:
    """Of a decision that refused to pay back a minor difference of 10 units."""
    return appealed()


class TestOverturned:
    def test_a_new_decision_supersedes_and_the_old_one_is_untouched(self, support, appeal):
        """D54, "refund.11.2"."""
        before = Decision.objects.filter(pk=appeal.decision_id).values().get()

        overturn(support, appeal)

        assert Decision.objects.filter(pk=appeal.decision_id).values().get() == before
        new = Decision.objects.get(supersedes=appeal.decision)
        assert (new.rule, new.outcome, new.amount) == ("appeals.decide_overturned", "refund", Decimal("0.50000"))
        assert (new.automated, new.actor, new.clause_refs) == ("none", f"staff:{support.pk}", ["refund.11.2"])
        assert new.trace == {"appeal": appeal.pk, "reason": WHY}
        assert new.appeal_until is None

    def test_the_difference_is_paid_back_once_and_the_books_balance(self, support):
        """D54: the ledger is reversed once."""
        appeal = appealed(delivered=400)
        order = order_of(appeal)
        before = wallet.balance_of(order.user_id)
        assert order.refunded == Decimal("0.90000")

        overturn(support, appeal, "1.50")

        order.refresh_from_db()
        assert wallet.balance_of(order.user_id) - before == Decimal("0.60000")
        assert order.refunded == order.charge
        keys = [transfer.key for transfer in wallet.transfers_on(subject_type="order", subject_id=order.pk)]
        assert keys[-1] == f"order:{order.pk}:appeal:{appeal.pk}"
        assert differing() == 0

    def test_money_that_moved_without_the_order_s_row_is_seen_by_the_books(self, support, appeal):
        """The control for the test above: neither its transfers nor its decisions came to that."""
        overturn(support, appeal)
        Order.objects.filter(pk=appeal.decision.subject_id).update(refunded=0)

        assert differing() == 2

    def test_money_without_a_decision_is_seen_by_the_books(self, appeal):
        """R1, D48: a refund that balances in the ledger and on the order, and that nobody decided."""
        with transaction.atomic():
            order = statuses.lock([appeal.decision.subject_id]).get()
            settling.pay_back(order, amount=Decimal("0.10"), key="planted", actor="system", now=NOON)

        assert differing() == 1

    @pytest.mark.parametrize("of", ["an order", "no order"])
    def test_a_decision_without_money_is_seen_by_the_books(self, db, of):
        paid = appealed(delivered=400).decision
        assert differing() == 0
        paid.pk, paid.uuid = None, uuid.uuid4()
        paid.subject_id += 0 if of == "an order" else 1
        paid.save(force_insert=True)

        assert differing() == 1

    def test_the_status_stays_and_the_timeline_and_a_mail_say_why(self, support, appeal):
        before = order_of(appeal)

        overturn(support, appeal)

        after = order_of(appeal)
        assert (after.status, after.cause, after.ended_at) == (before.status, before.cause, before.ended_at)
        event = OrderEvent.objects.get(kind="overturned")
        assert (event.public, event.facts) == (True, {"reason": WHY, "amount": "0.50000"})
        mail = Outgoing.objects.get(key=f"appeal:{appeal.pk}:decided")
        assert WHY in mail.body
        assert "$0.50 more" in mail.body
        assert f"/orders/{after.pk}/decisions/{appeal.decision.uuid}" in mail.body

    def test_what_was_decided_is_decided_again_from_what_is_stored(self, support, appeal):
        overturn(support, appeal)
        new = Decision.objects.get(supersedes=appeal.decision)

        again = registry.RULE_BY_KEY[new.rule, new.rule_version].decide(new.inputs, new.params)

        assert (again.outcome.value, again.amount) == (new.outcome, new.amount)
        assert [reason.finding for reason in again.reasons] == [each["finding"] for each in new.detail["reasons"]]

    def test_what_came_of_an_appeal_is_final(self, support, appeal):
        overturn(support, appeal)
        new = Decision.objects.get(supersedes=appeal.decision)
        order = order_of(appeal)

        for decision in (new, appeal.decision):
            with pytest.raises(policies.NotAppealable):
                overturning.ask(user_id=order.user_id, order_id=order.pk, decision=decision.uuid, words=WORDS, now=NOON)

    def test_a_bonus_comes_back_as_bonus(self, support):
        """As of any refund: it goes back the way it was taken (decision 18)."""
        customer = CustomerFactory()
        fund_with_bonus(customer, Decimal("1.00"), bonus=Decimal("1.00"))
        appeal = appealed(user=customer)

        overturn(support, appeal, "1.50")

        back = wallet.balances_of(customer.pk)
        assert (back.cash, back.bonus) == (Decimal("1.00000"), Decimal("1.00000"))
        assert differing() == 0

    @pytest.mark.parametrize(
        ("amount", "finding"),
        [("0.89999", "appeal_takes_nothing_away"), ("0.90", "appeal_adds_nothing"), ("1.50001", "appeal_above_charge")],
    )
    def test_an_appeal_takes_no_money_away_and_gives_no_more_than_was_charged(self, support, amount, finding):
        appeal = appealed(delivered=400)

        with pytest.raises(overturning.NotGranted) as refused:
            overturn(support, appeal, amount)

        assert refused.value.reason.finding == finding
        appeal.refresh_from_db()
        assert (appeal.result, order_of(appeal).refunded) == ("", Decimal("0.90000"))
        assert Decision.objects.count() == 1

    def test_a_package_is_paid_back_whole(self, support):
        service = ServiceFactory(type="Package", min_quantity=1, max_quantity=1)
        stopped = {"outcome": RunOutcome.STOPPED, "delivered": 0}
        appeal = appealed(service=service, quantity=1, **stopped)

        with pytest.raises(overturning.NotGranted):
            overturn(support, appeal, "1.00")
        overturn(support, appeal, "1.50")

        assert order_of(appeal).refunded == Decimal("1.50000")


class TestUpheld:
    def test_no_money_moves_and_the_customer_is_told_why(self, support, appeal):
        overturning.uphold(staff=support, appeal_id=appeal.pk, reason=WHY, now=NOON)

        appeal.refresh_from_db()
        assert (appeal.result, appeal.decided_by, appeal.reason) == ("upheld", f"staff:{support.pk}", WHY)
        assert (order_of(appeal).refunded, Decision.objects.count()) == (0, 1)
        assert WHY in Outgoing.objects.get(key=f"appeal:{appeal.pk}:decided").body
        assert OrderEvent.objects.get(kind="upheld").facts == {"reason": WHY}

    def test_the_flag_comes_down_with_the_last_open_appeal_of_the_order(self, support, appeal):
        other = Decision.objects.get(pk=appeal.decision_id)
        other.pk, other.uuid, other._state.adding = None, uuid.uuid4(), True
        other.save()
        order = order_of(appeal)
        asked = {"user_id": order.user_id, "order_id": order.pk, "decision": other.uuid}
        second = overturning.ask(**asked, words=WORDS, now=NOON)
        decided_by = {"staff": support, "reason": WHY, "now": NOON}

        overturning.uphold(appeal_id=appeal.pk, **decided_by)
        assert Flag.objects.get().resolved_at is None
        overturning.uphold(appeal_id=second.pk, **decided_by)

        assert Flag.objects.get().resolved_by == f"staff:{support.pk}"


class TestWho:
    def test_it_takes_the_permission(self, appeal):
        finance = staff_of("finance")

        with pytest.raises(PermissionDenied):
            overturn(finance, appeal)
        with pytest.raises(PermissionDenied):
            overturning.uphold(staff=finance, appeal_id=appeal.pk, reason=WHY, now=NOON)

    def test_nobody_decides_about_their_own_order(self, support):
        wallet.top_up(user_id=support.pk, amount=Decimal(10), key="test:own", actor="system", now=NOON)
        own = appealed(user=support)

        with pytest.raises(overturning.SamePerson):
            overturn(support, own)
        overturn(staff_of("owner"), own)

    def test_nobody_decides_about_their_own_decision(self, support):
        own = appealed(delivered=0, outcome=RunOutcome.STOPPED, actor=f"staff:{support.pk}")

        with pytest.raises(overturning.SamePerson):
            overturn(support, own)
        with pytest.raises(overturning.SamePerson):
            overturning.uphold(staff=support, appeal_id=own.pk, reason=WHY, now=NOON)
        overturn(staff_of("owner"), own)

    def test_another_customer_cannot_appeal(self, appeal):
        stranger, order = CustomerFactory(), order_of(appeal)
        asked = {"order_id": order.pk, "decision": appeal.decision.uuid, "words": WORDS, "now": NOON}

        with pytest.raises(Decision.DoesNotExist):
            overturning.ask(user_id=stranger.pk, **asked)


class TestOnce:
    def test_a_repeated_click_is_told(self, support, appeal):
        overturn(support, appeal)

        with pytest.raises(policies.AppealDecided):
            overturn(support, appeal, "1.00")
        with pytest.raises(policies.AppealDecided):
            overturning.uphold(staff=support, appeal_id=appeal.pk, reason=WHY, now=NOON)

        assert order_of(appeal).refunded == Decimal("0.50000")


def at_once(work, items) -> Counter:
    """One thread an item, all at the same moment; what each came to by name."""
    gate = Barrier(len(items))

    def run(item):
        try:
            gate.wait(timeout=60)
            work(item)
        except (policies.AppealDecided, policies.NotAppealable, IntegrityError) as error:
            return type(error).__name__
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(items)) as workers:
        return Counter(workers.map(run, items))


@pytest.mark.django_db(transaction=True)
class TestRaced:
    def test_of_eight_staff_at_once_one_decides_and_the_others_are_told(self):
        """D54: once."""
        appeal, staff = appealed(), [staff_of("support", f"s{number}") for number in range(8)]
        before = wallet.balance_of(order_of(appeal).user_id)

        came_to = at_once(lambda each: overturn(each, appeal, f"0.{each.pk % 5 + 1}0"), staff)

        assert came_to == {"done": 1, "AppealDecided": 7}
        order = order_of(appeal)
        assert wallet.balance_of(order.user_id) - before == order.refunded > 0
        assert Decision.objects.filter(supersedes=appeal.decision).count() == 1
        assert differing() == 0

    def test_without_the_lock_the_key_and_the_constraint_still_pay_once(self, monkeypatch):
        """The control: everybody reads the appeal as open, and the database lets one of them through."""
        appeal, staff = appealed(), [staff_of("support", f"s{number}") for number in range(4)]
        gate = Barrier(len(staff))

        def everybody_has_looked(order_ids):
            found = Order.objects.filter(pk__in=order_ids)
            return SimpleNamespace(get=lambda: (found.get(), gate.wait(timeout=60))[0])

        def unlocked(appeal_id):
            return Appeal.objects.select_related("decision", "opened_by").get(pk=appeal_id)

        monkeypatch.setattr(statuses, "lock", everybody_has_looked)
        monkeypatch.setattr(policies, "lock_appeal", unlocked)
        came_to = at_once(lambda each: overturn(each, appeal), staff)

        assert came_to == {"done": 1, "IntegrityError": 3}
        assert order_of(appeal).refunded == Decimal("0.50000")
        assert differing() == 0

    def test_of_two_tabs_at_once_one_appeals(self):
        order = OrderFactory(at=NOON)
        decision = decided(order, delivered=400, now=NOON)
        asked = {"user_id": order.user_id, "order_id": order.pk, "decision": decision.uuid, "now": NOON}

        came_to = at_once(lambda words: overturning.ask(**asked, words=words), ["From the first tab", "From the other"])

        assert came_to == {"done": 1, "NotAppealable": 1}
        assert Appeal.objects.count() == 1


def test_what_was_not_delivered_is_what_staff_find_filled_in(db):
    appeal = appealed(delivered=400, outcome=RunOutcome.STOPPED)

    assert settling.undelivered_part(order_of(appeal)) == Decimal("0.90000")


class TestARefusedCancelOfAnOrderThatRuns:
    """A person finds that the order should have been canceled, pays, and delivery goes on meanwhile."""

    @pytest.fixture
    def running(self, upstream) -> Appeal:
        """At its provider, where a cancel came too late."""
        order = upstream.order(sim="partial:0.4")  # of 1,000 units for 1.50, 400 will come
        upstream.send()
        with pytest.raises(cancelling.TooLate):
            cancelling.cancel_order(user_id=order.user_id, order_id=order.pk, now=upstream.now)
        refusal = Decision.objects.get(rule="cancellations.decide_cancel")
        asked = {"user_id": order.user_id, "order_id": order.pk, "decision": refusal.uuid}
        return overturning.ask(**asked, words=WORDS, now=upstream.now)

    @pytest.mark.parametrize(
        ("granted", "in_all"),
        [("0.30", "0.90"), ("0.90", "0.90"), ("0.90001", "0.90001"), ("1.00", "1.00"), ("1.50", "1.50")],
    )
    def test_its_end_pays_what_is_still_due_and_never_more_than_the_charge(
        self, upstream, running, support, granted, in_all
    ):
        """What was not delivered comes to 0.90; what the person granted beyond it stays the customer's."""
        order = order_of(running)
        before = upstream.balance()

        overturn(support, running, granted)
        assert (upstream.fresh(order).refunded, upstream.fresh(order).ended_at) == (Decimal(granted), None)
        ended = upstream.ended(order)

        assert ended.status == "partial"
        assert ended.refunded == upstream.balance() - before == Decimal(in_all)
        assert differing() == 0
        assert [each for each in replaying.replay_all([Decision.objects.all()]) if each.differences] == []

    def test_delivered_in_full_after_all_it_pays_nothing_more(self, upstream, support):
        order = upstream.order()
        upstream.send()
        with pytest.raises(cancelling.TooLate):
            cancelling.cancel_order(user_id=order.user_id, order_id=order.pk, now=upstream.now)
        refusal = Decision.objects.get(rule="cancellations.decide_cancel")
        asked = {"user_id": order.user_id, "order_id": order.pk, "decision": refusal.uuid}
        overturn(support, overturning.ask(**asked, words=WORDS, now=upstream.now), "0.50")

        ended = upstream.ended(order)

        assert (ended.status, ended.refunded) == ("completed", Decimal("0.50000"))
        assert differing() == 0

    def test_it_is_overturned_once_and_the_end_pays_once(self, upstream, running, support):
        order = order_of(running)
        overturn(support, running, "0.30")
        ended = upstream.ended(order)

        with pytest.raises(policies.AppealDecided):
            overturn(support, running, "1.50")
        settling.settle(order_id=order.pk, cause=Cause.PROVIDER_ENDED, actor="system", now=upstream.now)

        assert upstream.fresh(order).refunded == ended.refunded == Decimal("0.90000")

    def test_without_what_went_back_before_the_end_would_pay_it_twice(self, upstream, running, support, monkeypatch):
        """The negative control: an end that forgets what an appeal paid."""
        facts = settling._facts
        monkeypatch.setattr(settling, "_facts", lambda *asked: replace(facts(*asked), refunded=Decimal(0)))
        overturn(support, running, "0.30")

        assert upstream.ended(order_of(running)).refunded == Decimal("1.20000")
