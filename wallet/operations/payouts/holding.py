"""What every payout is made of: the row of a request key, the amount held, given back or gone, record and mail."""

from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from accounts.models import User
from plumbing import sql
from plumbing.secrets import Secret, SecretUnreadable
from wallet.models import BONUS, CASH, Entry, Payout, Safeguard, TopUp, Transfer
from wallet.operations import moving
from wallet.operations.accounts import BONUSES, PAYOUTS, balances_of, debt_of
from wallet.operations.audit import record
from wallet.operations.payouts import telling
from wallet.operations.refusals import AmountNotPossible, KeyUsedOtherwise, WalletFrozen, WalletOwes

PERMISSION = "wallet.can_pay_out"
CENT = Decimal("0.01")
WITH_PAYMENT = "It came with a payment that is sent back"  # the customer reads it on the statement
MOST_WAITING = 5  # of one customer: each is a decision by hand


class PayoutEnded(Exception):
    """The payout is no longer in the state that this needs. Its text is the state it is in."""


class OwnPayout(Exception):
    """Nobody decides on a payout of their own money."""


class TooManyWaiting(Exception):
    """As many payouts of a customer as may wait (`MOST_WAITING`) wait already."""


def payable_of(user_id: int) -> Decimal:
    """What a customer can ask to be paid out: the cash, down to the cent. Bonus is never paid out."""
    return balances_of(user_id).cash.quantize(CENT, rounding=ROUND_DOWN)


def begin(
    *,
    user_id: int,
    amount: Decimal,
    key: UUID,
    actor: str,
    now: datetime,
    to: str = "",
    reason: str = "",
    top_up: TopUp | None = None,
) -> tuple[Payout, bool]:
    """The payout of a request key, and whether it is new. Of two at once the second waits for the first here.

    to: sealed, and compared by what is in it. Raises AmountNotPossible, and KeyUsedOtherwise where the key belongs to
    another amount, destination, reason or top-up.
    """
    check_cents(amount)
    state = Payout.State.SENDING if top_up else Payout.State.ASKED
    columns = {"amount": amount, "destination": to, "reason": reason, "top_up": top_up, "state": state}
    columns |= {"asked_by": actor, "asked_at": now, "due_at": now if top_up else None}
    payout, is_new = Payout.objects.get_or_create(user_id=user_id, request_key=key, defaults=columns)
    if not is_new and not _is_same(payout, amount=amount, to=to, reason=reason, top_up=top_up):
        raise KeyUsedOtherwise(f"{key} belongs to {payout}")
    return payout, is_new


def _is_same(payout: Payout, *, amount: Decimal, to: str, reason: str, top_up: TopUp | None) -> bool:
    """Whether a payout is what was asked for. A refusal writes its reason over none, so that none is not compared."""
    if (payout.amount, payout.top_up_id) != (amount, top_up.pk if top_up else None):
        return False
    if reason and payout.reason != reason:
        return False
    try:
        return Secret(payout.destination) == Secret(to)
    except SecretUnreadable:
        return False


def hold(payout: Payout, *, actor: str, now: datetime) -> None:
    """Take the amount out, unless the wallet is frozen or its owner owes us."""
    check_free(payout.user_id)
    move_out(payout, actor=actor, now=now)


def move_out(payout: Payout, *, actor: str, now: datetime) -> None:
    """Take the amount out, held back or not."""
    kind, key = Transfer.Kind.PAYOUT, f"payout:{payout.pk}"
    _move(payout, kind=kind, key=key, amount=-payout.amount, actor=actor, now=now, reason="")


def take_bonus(payout: Payout, *, share: Decimal, actor: str, now: datetime) -> Decimal:
    """Take what is unspent of the bonus that came with a payment; how much it was. Under the wallet's lock."""
    amount = min(balances_of(payout.user_id).bonus, share)
    if amount:
        _move_bonus(payout, key=_bonus_key(payout), amount=-amount, actor=actor, now=now)
    return amount


def give_back(payout: Payout, *, state: str, actor: str, now: datetime, reason: str = "") -> None:
    """Put the amount and its bonus back, and end the payout. reason: read by the customer, by mail too."""
    kind, key = Transfer.Kind.PAYOUT_RETURNED, f"payout:{payout.pk}:returned"
    _move(payout, kind=kind, key=key, amount=payout.amount, actor=actor, now=now, reason=reason)
    bonus = Entry.objects.filter(transfer__key=_bonus_key(payout), account__kind=BONUS).first()
    if bonus:
        _move_bonus(payout, key=f"{_bonus_key(payout)}:returned", amount=-bonus.amount, actor=actor, now=now)
    if reason:
        payout.reason = reason
    end(payout, state=state, actor=actor, now=now)


def _bonus_key(payout: Payout) -> str:
    return f"payout:{payout.pk}:bonus"


def _move_bonus(payout: Payout, *, key: str, amount: Decimal, actor: str, now: datetime) -> None:
    kind, between = Transfer.Kind.BONUS, (BONUS, BONUSES)
    _move(payout, kind=kind, key=key, amount=amount, actor=actor, now=now, reason=WITH_PAYMENT, between=between)


def _move(
    payout: Payout,
    *,
    kind: str,
    key: str,
    amount: Decimal,
    actor: str,
    now: datetime,
    reason: str,
    between: tuple[str, str] = (CASH, PAYOUTS),
) -> None:
    account_kind, counter = between
    moving.move(
        user_id=payout.user_id,
        kind=kind,
        account_kind=account_kind,
        amount=amount,
        counter=counter,
        key=key,
        subject_type="payout",
        subject_id=payout.pk,
        actor=actor,
        reason=reason,
        now=now,
    )


def end(payout: Payout, *, state: str, actor: str, now: datetime, reference: str = "") -> None:
    """Write how it ended, and tell the customer unless they ended it themselves."""
    payout.state, payout.ended_at, payout.due_at = state, now, None
    payout.decided_by, payout.reference = actor, reference
    payout.save(update_fields=["state", "ended_at", "due_at", "decided_by", "reference", "reason", "last_error"])
    telling.clear_stuck(payout, now=now)
    if state != Payout.State.WITHDRAWN:
        telling.tell_end(payout, now=now)


def locked(payout_id: int, state: str, **owner: int) -> Payout:
    """The payout under its lock. Raises Payout.DoesNotExist, PayoutEnded when it is in another state."""
    payout = Payout.objects.select_for_update(no_key=True).get(pk=payout_id, **owner)
    if payout.state != state:
        raise PayoutEnded(payout.get_state_display())
    return payout


def check_free(user_id: int) -> None:
    """Under the wallet's lock, so that a freeze or a debt comes before this or after it.

    Raises WalletFrozen, WalletOwes.
    """
    sql.rows("SELECT cash_id FROM wallet_lock(%s)", [user_id])
    since = Safeguard.objects.filter(pk=user_id).values_list("frozen_at", flat=True).first()
    if since is not None:
        raise WalletFrozen(since=since)
    if (owed := debt_of(user_id)) > 0:
        raise WalletOwes(owed)


def check_not_own(staff: User, user_id: int) -> None:
    """Raise OwnPayout where the money is that of who decides."""
    if staff.pk == user_id:
        raise OwnPayout


def check_few_wait(user_id: int) -> None:
    """With this one among them, and under the wallet's lock, so that each counts those before it.

    Raises TooManyWaiting.
    """
    if Payout.objects.filter(user_id=user_id, state=Payout.State.ASKED).count() > MOST_WAITING:
        raise TooManyWaiting


def check_cents(amount: Decimal) -> None:
    """Raise AmountNotPossible unless `amount` is positive and in whole cents: what a bank can pay."""
    moving.check_amount(amount)
    if amount != amount.quantize(CENT):
        raise AmountNotPossible(f"{amount} is not in whole cents")


def record_act(payout: Payout, kind: str, *, actor: str, now: datetime, reason: str = "", **facts: object) -> None:
    """Add a row to the record of the payout."""
    record(
        subject_type="payout",
        subject_id=payout.pk,
        user_id=payout.user_id,
        kind=kind,
        actor=actor,
        now=now,
        reason=reason,
        amount=payout.amount,
        **facts,
    )
