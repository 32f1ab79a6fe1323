"""What each button of the sandbox's page does to a payment, and with how much money."""

import re
from decimal import ROUND_DOWN, Decimal

from orders.simulator.payments import Happening, Payment, PaymentRefused, Payments

CENT = Decimal("0.01")
LATER_SECONDS = 1200  # simulated: how long "in a while" is
STAYS = {"refund", "charge_back", "win_dispute"}  # pressed by others than the payer: there is nobody to send back
BUTTONS = STAYS | {"pay", "pay_less", "pay_more", "pay_foreign", "pay_later", "close"}
AMOUNT = re.compile(r"\d{1,9}(\.\d{1,2})?\Z", re.ASCII)


def amount_of(said: object) -> Decimal:
    """An amount above 0 of at most two decimals, as text. Raises PaymentRefused."""
    amount = Decimal(str(said) if AMOUNT.match(str(said)) else 0)
    if not amount:
        raise PaymentRefused("An amount is above 0 and has at most two decimals")
    return amount.quantize(CENT)


def too_little(payment: Payment) -> Decimal:
    return (payment.total / 2).quantize(CENT, ROUND_DOWN)


def too_much(payment: Payment) -> Decimal:
    return payment.total + too_little(payment) + CENT


def another_currency(payment: Payment) -> str:
    return "USD" if payment.currency == "EUR" else "EUR"


def press(payments: Payments, payment: Payment, button: str, *, now: float, speed: float, **other: object) -> Happening:
    """Do what a button says. speed: simulated seconds in a second. Raises PaymentRefused.

    other: `amount` and `currency` in place of those that it says.
    """
    if button not in BUTTONS:
        raise PaymentRefused("There is no such button")
    if button in STAYS:
        return _afterwards(payments, payment, button, said=other.get("amount"), now=now)
    if button == "close":
        return payments.close(payment, at=now)
    amount, currency = _money_of(payment, button)
    if "amount" in other:
        amount = amount_of(other["amount"])
    at = now + LATER_SECONDS / speed if button == "pay_later" else now
    return payments.pay(payment, amount=amount, currency=str(other.get("currency", currency)), at=at)


def _money_of(payment: Payment, button: str) -> tuple[Decimal, str]:
    match button:
        case "pay_less":
            return too_little(payment), payment.currency
        case "pay_more":
            return too_much(payment), payment.currency
        case "pay_foreign":
            return payment.total, another_currency(payment)
    return payment.total, payment.currency


def _afterwards(payments: Payments, payment: Payment, button: str, *, said: object, now: float) -> Happening:
    if button == "win_dispute":
        return payments.win_dispute(payment, at=now)
    amount = payment.standing(now).left if said is None else amount_of(said)
    if not amount:
        raise PaymentRefused("Nothing is left of this payment", 409)
    if button == "refund":
        return payments.refund(payment, amount=amount, key="", at=now)[0]
    return payments.charge_back(payment, amount=amount, at=now)
