"""What the word of a gateway means for the wallet (terms.4.3, terms.4.4).

| what the gateway says                              | nothing credited yet         | credited before                  |
|----------------------------------------------------|------------------------------|----------------------------------|
| may still be paid                                  | nothing                      | review                           |
| dead, nothing received                             | expire                       | review                           |
| paid, for another reference or in another currency | review                       | review                           |
| paid, but less or more than asked                  | review                       | review, when it is another sum   |
| paid as asked                                      | credit                       | nothing                          |
| paid, and all of it went back                      | reversed, nothing credited   | take back                        |
| paid, and a part of it went back                   | credit, then take back       | take back                        |
| more went back than was ever received              | reversed, nothing credited   | take back, also what we lost     |
| less is gone than the wallet gave up and we sent   | –                            | review; ending it gives it back  |


Whoever carries a verdict out asks again with the changed facts until there is nothing left to do.
"""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from policies.rules.payments.quoting import CENT
from policies.rules.vocabulary import Word

NOTHING_YET = Decimal(0)

# Why a person has to look.
OTHER_REFERENCE = "other_reference"
OTHER_CURRENCY = "other_currency"
SHORT = "short"
OVER = "over"
PAID_AFTER_REJECTION = "paid_after_rejection"
BACK_AFTER_REVERSAL = "back_after_reversal"
MORE_ARRIVED = "more_arrived"
FOREIGN_WENT_BACK = "foreign_went_back"
RETURNED = "returned"
SHRUNK = "shrunk"
FINDINGS = (
    OTHER_REFERENCE,
    OTHER_CURRENCY,
    SHORT,
    OVER,
    PAID_AFTER_REJECTION,
    BACK_AFTER_REVERSAL,
    MORE_ARRIVED,
    FOREIGN_WENT_BACK,
    RETURNED,
    SHRUNK,
)


class PaymentStage(Word):
    """Where a top-up stands with us."""

    CREATED = "created"
    PENDING = "pending"
    PAID = "paid"
    REVIEW = "review"
    EXPIRED = "expired"
    REJECTED = "rejected"
    REVERSED = "reversed"


class Standing(Word):
    """Where a payment stands at its gateway."""

    OPEN = "open"
    PAID = "paid"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFacts:
    """A top-up as we have it. Amounts in `currency` except `received`, which is in whatever was received.

    total: what was asked for. amount, bonus: what the wallet gets for it. received: the most that was known to have
    arrived; lacking, gone: what of it the gateway last said nothing of, and what had left us. credited, taken_back,
    given_back: what the wallet got, gave up and got again. sent_back: what we returned, or are about to return, through
    the gateway out of the wallet's own money; sending: what of that is still on its way. finding: of the review it is
    or was under.
    """

    reference: str
    currency: str
    total: Decimal
    amount: Decimal
    bonus: Decimal
    stage: PaymentStage
    finding: str = ""
    received: Decimal = NOTHING_YET
    credited: Decimal = NOTHING_YET
    taken_back: Decimal = NOTHING_YET
    given_back: Decimal = NOTHING_YET
    sent_back: Decimal = NOTHING_YET
    sending: Decimal = NOTHING_YET
    gone: Decimal = NOTHING_YET
    lacking: Decimal = NOTHING_YET

    @property
    def given_up(self) -> Decimal:
        """What of it has left the wallet, either way, and did not come back."""
        return self.taken_back - self.given_back + self.sent_back


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the gateway, or a person with the bank statement, says of the payment. Amounts in `currency`, cumulative.

    reference: '' when it does not say. refunded: sent back to the payer, by whomever. disputed: withdrawn from us.
    """

    reference: str
    standing: Standing
    received: Decimal
    currency: str
    refunded: Decimal = NOTHING_YET
    disputed: Decimal = NOTHING_YET

    @property
    def gone(self) -> Decimal:
        """What of the received is no longer with us."""
        return self.refunded + self.disputed


@dataclass(frozen=True, slots=True)
class Nothing:
    """All that follows from what was told has been done."""


@dataclass(frozen=True, slots=True)
class Expire:
    """It can no longer be paid."""


@dataclass(frozen=True, slots=True)
class Credit:
    """The wallet gets its amount and bonus."""

    amount: Decimal
    bonus: Decimal


@dataclass(frozen=True, slots=True)
class TakeBack:
    """The wallet gives up what is no longer with us, and the bonus that came with it. chargeback: it is frozen too."""

    amount: Decimal
    bonus: Decimal
    chargeback: bool


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The wallet gets again what it gave up, and the bonus that it really gave up with it. Zero for nothing."""

    amount: Decimal
    bonus: Decimal


@dataclass(frozen=True, slots=True)
class Reversed:
    """Everything went back to the payer before anything was credited. chargeback: the wallet is frozen."""

    chargeback: bool


@dataclass(frozen=True, slots=True)
class Review:
    """A person has to look; nothing moves. finding: one of FINDINGS."""

    finding: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a person was to look at is as it should be again; nothing moves."""


Verdict = Nothing | Expire | Credit | TakeBack | Reversed | Review | Resolved


def judge_payment(*, payment: PaymentFacts, told: Told) -> Verdict:
    """Say what to do next about a payment (terms.4.3, terms.4.4). The same word again, once carried out, is nothing."""
    if payment.credited:
        return _judge_credited(payment, told)
    if told.standing is Standing.OPEN:
        return Nothing()
    if told.standing is Standing.DEAD:
        waits = payment.stage in (PaymentStage.CREATED, PaymentStage.PENDING)
        return Expire() if waits else Nothing()
    return _judge_uncredited(payment, told)


def lacking(*, payment: PaymentFacts, told: Told) -> Decimal:
    """What of the received its gateway says nothing of any more: all of it, once it does not call the payment paid."""
    still = told.received if told.standing is Standing.PAID else NOTHING_YET
    return max(payment.received - still, NOTHING_YET) if payment.credited else NOTHING_YET


def judge_return(*, payment: PaymentFacts, bonus_gone: Decimal) -> GiveBack:
    """Say what the wallet gets again (terms.4.4) when a person ends the review of money that came back.

    bonus_gone: what of its bonus the wallet gave up and did not get again, of which the same share comes back.
    """
    gone = payment.gone + payment.lacking
    back = payment.given_up - payment.sending - _to_give_up(payment, received=payment.received, gone=gone)
    if back <= 0:
        return GiveBack(NOTHING_YET, NOTHING_YET)
    share = (bonus_gone * back / payment.given_up).quantize(CENT, rounding=ROUND_FLOOR)
    return GiveBack(back, bonus_gone if back == payment.given_up else share)


def bonus_share(*, payment: PaymentFacts, amount: Decimal) -> Decimal:
    """What of the bonus goes with so much more of a credited payment, taken from us or sent back by us. 2 decimals.

    The bonus goes in the proportion of the amount, cut from the sum so far: parts never add up to more than it.
    """
    before, after = (_bonus_upto(payment, gone) for gone in (payment.given_up, payment.given_up + amount))
    return after - before


def _judge_uncredited(payment: PaymentFacts, told: Told) -> Verdict:
    if payment.stage is PaymentStage.REJECTED:
        return Review(PAID_AFTER_REJECTION) if told.received > payment.received else Nothing()
    if payment.stage is PaymentStage.REVIEW and payment.finding == PAID_AFTER_REJECTION:
        return Nothing()
    if foreign := _foreign(payment, told):
        return _review(payment, foreign)
    return _judge_own_money(payment, told)


def _judge_own_money(payment: PaymentFacts, told: Told) -> Verdict:
    if 0 < told.received <= told.gone:
        return Nothing() if payment.stage is PaymentStage.REVERSED else Reversed(chargeback=told.disputed > 0)
    if payment.stage is PaymentStage.REVERSED or payment.finding == BACK_AFTER_REVERSAL:
        return _review(payment, BACK_AFTER_REVERSAL)
    if told.received != payment.total:
        return _review(payment, SHORT if told.received < payment.total else OVER)
    return Credit(payment.amount, payment.bonus)


def _judge_credited(payment: PaymentFacts, told: Told) -> Verdict:
    paid = told.standing is Standing.PAID
    if paid and (foreign := _foreign(payment, told)):
        # Its amounts are no measure for this wallet, so a person takes it back.
        foreign = FOREIGN_WENT_BACK if told.gone else foreign
        return Nothing() if payment.finding in (foreign, FOREIGN_WENT_BACK) else Review(foreign)
    lack = lacking(payment=payment, told=told)
    if lack != payment.lacking:
        return _judge_another_sum(payment, lack)
    return _judge_own_credited(payment, told) if paid else Nothing()


def _judge_another_sum(payment: PaymentFacts, lack: Decimal) -> Verdict:
    """Of money that was credited its gateway says less than before, or more again: a person looks at each such sum."""
    if payment.stage is not PaymentStage.REVIEW:
        return Review(SHRUNK)
    return Resolved() if payment.finding == SHRUNK and not lack else Review(payment.finding)


def _judge_own_credited(payment: PaymentFacts, told: Told) -> Verdict:
    due = _to_give_up(payment, received=told.received, gone=told.gone) - payment.given_up
    if due > 0:
        return _take_back(payment, due, chargeback=told.disputed > 0)
    if told.received > payment.received:
        return _review(payment, MORE_ARRIVED)
    missing = {"received": told.received + payment.lacking, "gone": told.gone + payment.lacking}
    if _to_give_up(payment, **missing) - payment.given_up + payment.sending < 0:
        looked_at = payment.stage is PaymentStage.REVIEW and payment.finding in (MORE_ARRIVED, RETURNED, SHRUNK)
        return Nothing() if looked_at else Review(RETURNED)
    if payment.stage is PaymentStage.REVIEW and payment.finding == RETURNED:
        return Resolved()
    return Nothing()


def _to_give_up(payment: PaymentFacts, *, received: Decimal, gone: Decimal) -> Decimal:
    """What of the gone is the wallet's: all it got at most, as the fee was never in it, and what we lost beyond that.

    A payment that is refunded and then charged back too costs us more than it ever brought, and the payer got it.
    """
    lost = gone - max(received, payment.credited)
    return min(gone, payment.credited) + max(lost, NOTHING_YET)


def _foreign(payment: PaymentFacts, told: Told) -> str:
    """Why what was paid is not the money that was asked for, whatever the sum; '' when it is."""
    if told.reference not in ("", payment.reference):
        return OTHER_REFERENCE
    return OTHER_CURRENCY if told.currency != payment.currency else ""


def _review(payment: PaymentFacts, finding: str) -> Verdict:
    known = payment.stage is PaymentStage.REVIEW and payment.finding == finding
    return Nothing() if known else Review(finding)


def _take_back(payment: PaymentFacts, due: Decimal, *, chargeback: bool) -> TakeBack:
    return TakeBack(due, bonus_share(payment=payment, amount=due), chargeback)


def _bonus_upto(payment: PaymentFacts, gone: Decimal) -> Decimal:
    return (payment.bonus * min(max(gone, NOTHING_YET), payment.credited) / payment.credited).quantize(
        CENT, rounding=ROUND_FLOOR
    )
