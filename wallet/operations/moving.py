"""Money in, money to orders, money back: each one SQL function (`wallet/sql/`) that locks, looks for the key, moves.

Plain `atomic`, not durable: placing and settling call these inside their own transaction. Accounts are locked in id
order and last of all (after orders, runs, delivery, link holds), so there is no deadlock to retry here.
"""

from datetime import datetime
from decimal import Decimal

from django.db import DatabaseError, transaction

from plumbing import sql
from wallet.models import BONUS, CASH, Transfer
from wallet.operations.accounts import BONUSES, TOP_UPS
from wallet.operations.refusals import AmountNotPossible, KeyUsedOtherwise, refusal_of

UNIT = Decimal("0.00001")  # the scale of every amount (decision 17)
BEYOND = Decimal(10) ** 13  # what no column of an amount holds any more

MOVE = "SELECT wallet_move(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
TAKE_BACK = "SELECT wallet_take_back(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
CHARGE = "SELECT wallet_charge(%s, %s, %s, 'charge', %s, %s, %s, %s, %s)"
REFUND = "SELECT wallet_refund(%s, %s, %s, %s, %s, %s, %s, %s)"


def top_up(
    *,
    user_id: int,
    amount: Decimal,
    key: str,
    actor: str,
    now: datetime,
    reason: str = "",
    subject_type: str = "",
    subject_id: int | None = None,
) -> Transfer:
    """Add funds to a customer's cash; what they owe is paid from it first.

    amount: positive, account currency, at most 5 decimals. key: unique for ever; again, it returns the first transfer.
    subject_type, subject_id: ("top_up", its id) for a payment. Raises AmountNotPossible, KeyUsedOtherwise.
    """
    check_amount(amount)
    return move(
        user_id=user_id,
        kind=Transfer.Kind.TOP_UP,
        account_kind=CASH,
        amount=amount,
        counter=TOP_UPS,
        key=key,
        subject_type=subject_type,
        subject_id=subject_id,
        actor=actor,
        reason=reason,
        now=now,
    )


def grant_bonus(
    *,
    user_id: int,
    amount: Decimal,
    key: str,
    actor: str,
    now: datetime,
    reason: str = "",
    subject_type: str = "",
    subject_id: int | None = None,
) -> Transfer:
    """Add the bonus that a top-up brings: spent before cash, never paid out. Arguments and errors as of `top_up`."""
    check_amount(amount)
    return move(
        user_id=user_id,
        kind=Transfer.Kind.BONUS,
        account_kind=BONUS,
        amount=amount,
        counter=BONUSES,
        key=key,
        subject_type=subject_type,
        subject_id=subject_id,
        actor=actor,
        reason=reason,
        now=now,
    )


def move(
    *,
    user_id: int,
    kind: str,
    account_kind: str,
    amount: Decimal,
    counter: str,
    key: str,
    subject_type: str,
    subject_id: int | None,
    actor: str,
    reason: str,
    now: datetime,
) -> Transfer:
    """Move an amount into, or below zero out of, a customer's cash or bonus, against a shared account.

    account_kind: "cash" or "bonus"; what reaches cash pays what the customer owes first. counter: the code of the
    shared account. key: unique for ever; again, it returns the first transfer.
    Raises InsufficientFunds (balance: of that account), AmountNotPossible, KeyUsedOtherwise.
    """
    check_amount(abs(amount))
    values = (user_id, kind, account_kind, amount, counter, key, subject_type, subject_id, actor, reason, now)
    return _expect(_moved(MOVE, values), kind=kind, subject=(subject_type, subject_id))


def take_back(
    *,
    user_id: int,
    amount: Decimal,
    bonus: Decimal,
    key: str,
    subject_type: str,
    subject_id: int,
    actor: str,
    reason: str,
    now: datetime,
) -> Transfer:
    """Follow a payment that was credited and then taken back from us. What cash does not cover, the customer owes.

    amount: positive, of cash. bonus: what came with it, zero or more; what of it was spent stays spent.
    key: `topup:<id>:taken_back:<n>`. Refused for no balance. Raises AmountNotPossible, KeyUsedOtherwise.
    """
    check_amount(amount)
    if bonus:
        check_amount(bonus)
    values = (user_id, amount, bonus, key, subject_type, subject_id, actor, reason, now)
    return _expect(_moved(TAKE_BACK, values), kind=Transfer.Kind.TAKEN_BACK, subject=(subject_type, subject_id))


def charge(
    *,
    user_id: int,
    amount: Decimal,
    key: str,
    subject_type: str,
    subject_id: int,
    actor: str,
    now: datetime,
    reason: str = "",
) -> Transfer:
    """Take a price out of a wallet, bonus first. `orders_place()` calls the same SQL function itself (decision 19).

    amount: positive, account currency, at most 5 decimals. key: unique for ever; again, it returns the first transfer.
    Raises InsufficientFunds, WalletFrozen, SpendingLimitReached, AmountNotPossible, KeyUsedOtherwise, having changed
    nothing.
    """
    check_amount(amount)
    transfer = _moved(CHARGE, (user_id, amount, key, subject_type, subject_id, actor, reason, now))
    return _expect(transfer, kind=Transfer.Kind.CHARGE, subject=(subject_type, subject_id))


def refund(
    *,
    user_id: int,
    amount: Decimal,
    key: str,
    subject_type: str,
    subject_id: int,
    actor: str,
    now: datetime,
    reason: str = "",
) -> Transfer:
    """Pay back a part of what was charged for a subject, as bonus and cash in the proportion it was taken.

    amount: positive, account currency, at most 5 decimals. key: `order:<id>:<cause>`, no amount in it (decision 17);
    again, it returns the first transfer. What the customer owes is paid from it.
    Raises RefundExceedsCharge, AmountNotPossible, KeyUsedOtherwise.
    """
    check_amount(amount)
    transfer = _moved(REFUND, (user_id, amount, key, subject_type, subject_id, actor, reason, now))
    return _expect(transfer, kind=Transfer.Kind.REFUND, subject=(subject_type, subject_id))


def check_amount(amount: Decimal) -> None:
    """Raise AmountNotPossible unless `amount` is positive, has at most 13 digits before the point and 5 decimals."""
    if not amount.is_finite() or not 0 < amount < BEYOND or amount != amount.quantize(UNIT):
        raise AmountNotPossible(f"{amount} is not a positive amount with at most 13 digits and 5 decimals")


def _moved(statement: str, values: tuple[object, ...]) -> Transfer:
    """Run one of the functions; the transfer it wrote, or the first one of the key."""
    try:
        with transaction.atomic():
            [(transfer_id,)] = sql.rows(statement, values)
    except DatabaseError as error:
        if (refusal := refusal_of(error)) is None:
            raise
        raise refusal from error
    return Transfer.objects.get(pk=transfer_id)


def _expect(transfer: Transfer, *, kind: str, subject: tuple[str, int | None]) -> Transfer:
    if (transfer.kind, transfer.subject_type, transfer.subject_id) != (kind, *subject):
        raise KeyUsedOtherwise(f"{transfer.key} belongs to a {transfer.kind} for {transfer.subject_type or 'nothing'}")
    return transfer
