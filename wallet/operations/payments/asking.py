"""A customer asks to add funds: what it costs, the payment that begins, and finding it again."""

import secrets
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from plumbing import sql
from policies.rules import payments as rules
from wallet.gateways.base import Created
from wallet.models import BonusRule, PaymentMethod, TopUp
from wallet.operations.payments.standing import BY_HAND, UNDECIDED, WAITING, go_on_checking, locked, record
from wallet.operations.refusals import KeyUsedOtherwise

OPEN_BY_HAND = timedelta(days=30)  # how long a bank transfer is waited for
MOST_OPEN = 20  # top-ups of one customer that wait for payment
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O and U: nothing that is read as something else
LOOKALIKES = str.maketrans("ILO", "110")
PREFIX = "TU"

# A customer's top-ups begin one after the other, so that the limit and the request key hold.
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"

TEXTS = {
    rules.TOO_FINE: "Use at most two decimals.",
    rules.BELOW_MINIMUM: "Add at least {limit} {currency}.",
    rules.ABOVE_MAXIMUM: "Add at most {limit} {currency} at a time.",
}


class TopUpRefused(Exception):
    """The text tells the customer why. field: of the form ("amount", "gateway"), None for the whole of it."""

    def __init__(self, field: str | None, text: str) -> None:
        super().__init__(text)
        self.field = field


def methods_offered() -> list[PaymentMethod]:
    """Ways to pay that staff offer, in their order. `wallet.collecting` knows which of them have their keys."""
    return list(PaymentMethod.objects.filter(is_offered=True).order_by("position", "id"))


def quote_top_up(*, gateway: str, amount: Decimal) -> rules.Quote:
    """What adding `amount` costs and brings, account currency. Raises TopUpRefused."""
    method = PaymentMethod.objects.filter(gateway=gateway, is_offered=True).first()
    if method is None:
        raise TopUpRefused("gateway", "This way to pay is not offered now.")
    quoted = rules.quote(amount=amount, terms=_terms(method), bonus_rules=_bonus_rules())
    if isinstance(quoted, rules.NotQuoted):
        text = TEXTS[quoted.finding].format(limit=quoted.limit, currency=settings.CURRENCY)
        raise TopUpRefused("amount", text)
    return quoted


def start_top_up(*, user_id: int, gateway: str, amount: Decimal, request_key: UUID, now: datetime) -> TopUp:
    """Begin a payment that the gateway does not know yet; `wallet.collecting.start_payment` goes on from here.

    amount: account currency, at most 2 decimals. request_key: one a form; again, it returns the first top-up.
    Raises TopUpRefused, KeyUsedOtherwise when the key asked for another amount or gateway.
    """
    with transaction.atomic(durable=True):
        sql.rows(ONE_AT_A_TIME, [f"top_up:{user_id}"])
        if first := TopUp.objects.filter(user_id=user_id, request_key=request_key).first():
            return _same(first, gateway=gateway, amount=amount)
        quoted = quote_top_up(gateway=gateway, amount=amount)
        if TopUp.objects.filter(user_id=user_id, state__in=WAITING).count() >= MOST_OPEN:
            raise TopUpRefused(
                None, f"{MOST_OPEN} of your payments are still open: pay one, or wait until one expires."
            )
        top_up = TopUp.objects.create(
            reference=_new_reference(),
            user_id=user_id,
            gateway=gateway,
            amount=quoted.amount,
            fee=quoted.fee,
            bonus=quoted.bonus,
            total=quoted.total,
            currency=settings.CURRENCY,
            request_key=request_key,
            created_at=now,
            check_at=now + rules.retry_after(tries=2),  # a tick goes on when whoever began does not
        )
        record(top_up, "started", actor=f"customer:{user_id}", now=now, gateway=gateway, total=top_up.total)
    return top_up


def register_payment(*, top_up_id: int, created: Created, now: datetime) -> TopUp:
    """Store what the gateway answered. A second answer to the same question changes nothing."""
    with transaction.atomic(durable=True):
        top_up = locked(top_up_id)
        if not top_up.payment_id:
            by_hand = top_up.gateway == BY_HAND
            top_up.payment_id, top_up.pay_url = created.payment_id, created.pay_url
            top_up.expires_at = created.expires_at or (now + OPEN_BY_HAND if by_hand else None)
            if top_up.state == TopUp.State.CREATED:
                top_up.state = TopUp.State.PENDING
            go_on_checking(top_up, now=now)
            top_up.check_at = top_up.expires_at if by_hand else top_up.check_at
            top_up.save(update_fields=["payment_id", "pay_url", "expires_at", "state", "check_at"])
            record(top_up, "registered", actor="system", now=now, payment=created.payment_id)
    return top_up


def give_up_starting(*, top_up_id: int, error: str, now: datetime) -> bool:
    """The gateway will not take this payment; False when it is not waiting to be started. error: for staff."""
    with transaction.atomic(durable=True):
        top_up = locked(top_up_id)
        if top_up.state != TopUp.State.CREATED:
            return False
        top_up.state, top_up.check_at = TopUp.State.EXPIRED, None
        top_up.save(update_fields=["state", "check_at"])
        record(top_up, "not_started", actor="system", now=now, reason=error[:200])
    return True


def top_ups_of(user_id: int) -> "QuerySet[TopUp]":
    """A customer's top-ups, the newest first."""
    return TopUp.objects.filter(user_id=user_id).order_by("-id")


def find_payment(*, user_id: int, reference: str) -> TopUp | None:
    """The customer's payment by our reference as typed, or by the gateway's or the bank's own. Never another's."""
    typed = reference.strip()
    if not typed:
        return None
    ours = Q(reference=_as_printed(typed))
    return top_ups_of(user_id).filter(ours | Q(payment_id=typed) | Q(bank_reference__iexact=typed)).first()


def check_again(*, user_id: int, top_up_id: int, now: datetime) -> bool:
    """Have the gateway asked at the next tick what became of a payment; False when there is nothing to ask.

    Raises TopUp.DoesNotExist, also for another's.
    """
    with transaction.atomic(durable=True):
        top_up = locked(top_up_id, user_id=user_id)
        if top_up.state not in UNDECIDED or top_up.credited or top_up.gateway == BY_HAND:
            return False
        if top_up.check_at is None or top_up.check_at > now:
            top_up.check_at = now
            top_up.save(update_fields=["check_at"])
    return True


def _terms(method: PaymentMethod) -> rules.Terms:
    return rules.Terms(
        minimum=method.minimum,
        maximum=method.maximum,
        fee_basis_points=method.fee_basis_points,
        fee_fixed=method.fee_fixed,
    )


def _bonus_rules() -> list[rules.BonusFrom]:
    active = BonusRule.objects.filter(is_active=True).values_list("from_amount", "basis_points")
    return [rules.BonusFrom(amount, basis_points) for amount, basis_points in active]


def _same(first: TopUp, *, gateway: str, amount: Decimal) -> TopUp:
    if (first.gateway, first.amount) != (gateway, amount):
        raise KeyUsedOtherwise(f"{first.request_key} asked for {first.amount} by {first.gateway}")
    return first


def _new_reference() -> str:
    """60 bits of chance: nobody guesses the address of another's receipt."""
    groups = ("".join(secrets.choice(SIGNS) for _ in range(4)) for _ in range(3))
    return "-".join((PREFIX, *groups))


def _as_printed(typed: str) -> str:
    """A reference as we write it, from one with other letters' looks, other gaps or no gaps."""
    signs = "".join(sign for sign in typed.upper() if sign.isascii() and sign.isalnum()).removeprefix(PREFIX)
    signs = signs.translate(LOOKALIKES)
    return "-".join((PREFIX, *(signs[at : at + 4] for at in range(0, len(signs), 4))))
