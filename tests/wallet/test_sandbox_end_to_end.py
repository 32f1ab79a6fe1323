"""Customers pay in the sandbox, whose webhooks really come in: repeated, shuffled, forged, stale and never."""

from collections import Counter
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.factories import CustomerFactory
from tests.simulator.conftest import SECRET, Simulator
from tests.simulator.till import wait_until
from tests.wallet.paying import begun, offer, tick
from wallet import operations as wallet
from wallet.models import Account, GatewayEvent, TopUp, Transfer

pytestmark = pytest.mark.django_db(transaction=True)
EACH = 3  # payments of a customer
SOMETHING_ELSE = ("pay_less", "pay_more", "pay_foreign", "close")


@pytest.fixture
def sandbox(tmp_path, settings, live_server):
    """The panel's gateway is the real simulator process, which tells the panel's own web server."""
    simulator = Simulator(tmp_path, "--speed-up", "3600")
    url = f"http://127.0.0.1:{simulator.port}"
    settings.SANDBOX_URL, settings.SANDBOX_SECRET, settings.SITE_URL = url, SECRET, live_server.url
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{simulator.port}"]
    offer("sandbox", fee_basis_points=0, fee_fixed=0)
    wallet.seed()
    yield simulator
    simulator.stop()


def ask_for_top_ups(count):
    """Top-ups of 10.00, 11.00, … for as many customers as may have them open."""
    users = [CustomerFactory() for _ in range(-(-count // EACH))]
    return [begun(users[n // EACH], 10 + n, gateway="sandbox", now=timezone.now()) for n in range(count)]


def press(simulator, button, top_ups):
    wish = {"ids": [top_up.payment_id for top_up in top_ups], "do": button}
    answer = simulator.http.post(f"http://127.0.0.1:{simulator.port}/control/payments", json=wish)
    assert answer.status_code == 200, answer.text


def webhooks_sent(simulator):
    """All that was sent, once nothing more is due."""

    def copies():
        return simulator.watch("webhooks")["webhooks"]

    wait_until(lambda: all(copy["due"] is None for copy in copies()), copies, seconds=400, pause=0.2)
    return copies()


def look_again():
    """What the tick does until no notice and no top-up is due."""
    tick(now=timezone.now(), times=50)


def credited_to(top_ups):
    """What the wallets of these top-ups' customers hold."""
    return sum(wallet.balance_of(user_id) for user_id in {top_up.user_id for top_up in top_ups})


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.nightly)])
def test_credits_equal_the_distinct_payments_that_were_paid_as_asked(sandbox, count):
    """Row 24: every event three times, in any order, a share of them with a forged or a stale copy before it."""
    sandbox.control(
        faults=[
            {"action": "webhook", "kind": "duplicate:3", "rate": 1},
            {"action": "webhook", "kind": "shuffled:7200", "rate": 1},
            {"action": "webhook", "kind": ["forged", "stale"], "rate": 0.05 if count > 100 else 0.3},
        ]
    )
    top_ups = ask_for_top_ups(count)
    odd, paid = top_ups[::5], [top_up for number, top_up in enumerate(top_ups) if number % 5]
    press(sandbox, "pay", paid)
    for number, button in enumerate(SOMETHING_ELSE):
        press(sandbox, button, odd[number :: len(SOMETHING_ELSE)])
    sent = webhooks_sent(sandbox)
    look_again()

    answers = Counter((copy["kind"], *copy["answers"]) for copy in sent)
    assert set(answers) == {("genuine", 200), ("forged", 400), ("stale", 400)}
    assert answers["genuine", 200] == 3 * count
    assert GatewayEvent.objects.count() == count
    assert Transfer.objects.filter(kind="top_up").count() == len(paid)
    assert credited_to(top_ups) == sum(top_up.amount for top_up in paid)
    assert Counter(TopUp.objects.values_list("state", flat=True))["paid"] == len(paid)
    call_command("verify_ledger")


def test_believing_every_webhook_would_credit_three_times(sandbox):
    """The control: without the event's id and the truth, this storm would have been expensive."""
    sandbox.fault("duplicate:3", action="webhook", rate=1)
    top_ups = ask_for_top_ups(3)
    press(sandbox, "pay", top_ups)
    amounts = {top_up.payment_id: top_up.amount for top_up in top_ups}

    believed = sum(amounts[copy["payment"]] for copy in webhooks_sent(sandbox) if copy["answers"] == [200])
    look_again()

    assert believed == 3 * credited_to(top_ups) == 3 * Decimal(33)


def test_a_refund_that_is_told_before_the_payment_credits_nothing(sandbox):
    """Row 25: by the time anybody asks, the money has gone back."""
    (top_up,) = ask_for_top_ups(1)
    sandbox.fault("delayed:7200", action="webhook")
    press(sandbox, "pay", [top_up])
    press(sandbox, "refund", [top_up])
    kinds = [copy["type"] for copy in webhooks_sent(sandbox)]
    look_again()

    assert kinds == ["payment.paid", "payment.refunded"]
    assert credited_to([top_up]) == 0
    assert not Transfer.objects.filter(kind="top_up").exists()


def test_a_lost_webhook_costs_time_and_no_money(sandbox):
    """Row 27: the tick asks by itself."""
    (top_up,) = ask_for_top_ups(1)
    sandbox.fault("lost", action="webhook")
    press(sandbox, "pay", [top_up])
    assert webhooks_sent(sandbox) == []
    TopUp.objects.update(check_at=timezone.now())
    look_again()

    assert credited_to([top_up]) == top_up.amount


def test_what_was_charged_back_after_it_was_spent_is_owed_and_freezes_the_wallet(sandbox):
    """Row 26."""
    (top_up,) = ask_for_top_ups(1)
    press(sandbox, "pay", [top_up])
    webhooks_sent(sandbox)
    look_again()
    wallet.charge(
        user_id=top_up.user_id,
        amount=Decimal(7),
        key="order:1:charge",
        subject_type="order",
        subject_id=1,
        actor="system",
        now=timezone.now(),
    )
    press(sandbox, "charge_back", [top_up])
    webhooks_sent(sandbox)
    look_again()

    assert wallet.balance_of(top_up.user_id) == 0
    assert wallet.debt_of(top_up.user_id) == 7
    assert wallet.is_frozen(top_up.user_id)
    assert Account.objects.filter(user_id=top_up.user_id, balance__lt=0).count() == 0
