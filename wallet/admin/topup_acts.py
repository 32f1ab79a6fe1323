"""What staff may decide about a top-up, each on a page that says what it will do."""

from typing import Any

from django.utils import timezone

from plumbing.acts import USED_BEFORE, Act, ActRefused, BareForm, ReasonForm
from plumbing.templatetags.amounts import amount
from policies.rules.payments import RETURNED
from wallet.admin import words
from wallet.forms.staff import ConfirmTopUp, ResolveReview, SendBack
from wallet.models import TopUp
from wallet.operations import payments, payouts, refusals

MAY_CONFIRM = "wallet.can_confirm_top_up"
WAITING = (TopUp.State.CREATED, TopUp.State.PENDING, TopUp.State.EXPIRED)
UNCREDITED = (*WAITING, TopUp.State.REVIEW)

_REFUSALS = (
    payments.NotWaiting,
    payments.OwnPayment,
    payments.BankReferenceUsed,
    payments.SecondPersonNeeded,
    payments.SecondReasonNeeded,
    payments.CreditNotPossible,
    refusals.AmountNotPossible,
)


def _words_of(refusal: Exception) -> str:
    """A refusal as staff read it."""
    match refusal:
        case payments.NotWaiting():
            return f"Somebody or something was faster: it is now “{refusal}”."
        case payments.OwnPayment():
            return "It is your own payment: another person decides."
        case payments.BankReferenceUsed():
            return f"This line of the bank statement has paid {refusal} already."
        case payments.SecondReasonNeeded():
            return f"{refusal}: more than that, or for other money, needs a second reason."
        case refusals.AmountNotPossible():
            return "That is no amount that can be credited. To credit nothing, reject the top-up."
    return f"{refusal}."


def _confirm(request: Any, top_up: TopUp, values: dict[str, Any]) -> str:
    try:
        done = payments.confirm_manual(
            staff=request.user,
            top_up_id=top_up.pk,
            received=values["received"],
            reference=values["reference"],
            now=timezone.now(),
        )
    except _REFUSALS as refusal:
        raise ActRefused(_words_of(refusal)) from refusal
    if done.state == TopUp.State.PAID:
        return f"{amount(done.credited)} is credited to {top_up.user}; they get a receipt by mail."
    return f"Nothing is credited yet: it needs a look, {words.finding(done.finding)}."


def _reject(request: Any, top_up: TopUp, values: dict[str, Any]) -> str:
    reason, now = values["reason"], timezone.now()
    try:
        payments.reject(staff=request.user, top_up_id=top_up.pk, reason=reason, now=now)
    except _REFUSALS as refusal:
        raise ActRefused(_words_of(refusal)) from refusal
    return f"{top_up.reference} is rejected; {top_up.user} is told by mail."


def _resolve(request: Any, top_up: TopUp, values: dict[str, Any]) -> str:
    try:
        done = payments.resolve_review(
            staff=request.user,
            top_up_id=top_up.pk,
            credit=values["credit"],
            reason=values["reason"],
            second_reason=values["second_reason"],
            now=timezone.now(),
        )
    except _REFUSALS as refusal:
        raise ActRefused(_words_of(refusal)) from refusal
    if done.given_back > top_up.given_back:
        back = done.given_back - top_up.given_back
        return f"The review is closed. {amount(back)} is back in the wallet of {top_up.user}; they are told by mail."
    return f"The review is closed. {amount(done.credited)} is credited for {top_up.reference} in all."


def _send_back(request: Any, top_up: TopUp, values: dict[str, Any]) -> str:
    try:
        payout = payouts.send_back(
            staff=request.user,
            top_up_id=top_up.pk,
            amount=values["amount"],
            reason=values["reason"],
            key=values["key"],
            now=timezone.now(),
        )
    except payouts.OwnPayout as own:
        raise ActRefused("It is your own payment: another person sends it back.") from own
    except refusals.KeyUsedOtherwise as used:
        raise ActRefused(USED_BEFORE) from used
    except payouts.CannotSendBack as never:
        raise ActRefused("Nothing of it can go back through its gateway.") from never
    except payouts.ExceedsTopUp as beyond:
        raise ActRefused(f"At most {amount(beyond.left)} of it can still go back.") from beyond
    except refusals.InsufficientFunds as short:
        raise ActRefused(f"The wallet has only {amount(short.balance)} of cash left.") from short
    except refusals.WalletFrozen as frozen:
        raise ActRefused("The wallet is frozen. Unfreeze it first, with a reason.") from frozen
    except refusals.WalletOwes as debt:
        raise ActRefused(f"The customer owes {amount(debt.owed)}: nothing goes back while they do.") from debt
    return f"{amount(payout.amount)} is on its way back as payout {payout.pk}."


def _ask_again(request: Any, top_up: TopUp, values: dict[str, Any]) -> str:
    if not payments.check_again(user_id=top_up.user_id, top_up_id=top_up.pk, now=timezone.now()):
        raise ActRefused("Something was faster: there is nothing more to ask.")
    return f"The gateway is asked about {top_up.reference} within seconds."


def _effect_of_confirming(top_up: TopUp) -> list[str]:
    bonus = f" and {amount(top_up.bonus)} of bonus" if top_up.bonus else ""
    return [
        f"{top_up.user} was asked to send {amount(top_up.total)} with the reference {top_up.reference}.",
        f"If exactly that arrived, {amount(top_up.amount)}{bonus} is credited at once, with a receipt by mail.",
        "If another amount arrived, nothing is credited yet: the top-up goes under review.",
    ]


def _effect_of_resolving(top_up: TopUp) -> list[str]:
    advice = words.finding_advice(top_up.finding)
    arrived = f"{(top_up.received or 0):.2f} {top_up.received_currency or top_up.currency}"
    if top_up.finding == RETURNED:
        return [advice, *_effect_of_giving_back(top_up)]
    if top_up.credited:
        return [
            advice,
            f"{amount(top_up.credited)} was credited before: credit 0 here closes the review and moves nothing. "
            "What the wallet should have on top, or less, is a correction.",
        ]
    return [
        advice,
        f"Asked for: {amount(top_up.total)}, of which {amount(top_up.amount)} is for the wallet. Arrived: {arrived}.",
        f"{top_up.user} gets what you enter, and reads your reason. Bonus comes along from {amount(top_up.amount)} on.",
    ]


def _effect_of_giving_back(top_up: TopUp) -> list[str]:
    back = payments.to_give_back(top_up)
    bonus = f" and {amount(back.bonus)} of bonus" if back.bonus else ""
    return [
        f"{amount(back.amount)}{bonus} goes back into the wallet of {top_up.user}; what they owe is paid from it.",
        "They read your reason, by mail too. Credit 0 here. If it is taken from us once more, it leaves the wallet "
        "once more. A frozen wallet stays frozen until somebody unfreezes it.",
    ]


def _effect_of_sending_back(top_up: TopUp) -> list[str]:
    return [
        f"At most {amount(payouts.left_to_send_back(top_up))} of this top-up can go back, out of the wallet's cash.",
        f"It leaves the wallet of {top_up.user} at once and is sent through {top_up.gateway} within seconds. "
        "If the gateway refuses, it is back in the wallet.",
        f"The fee stays with us. Of the {amount(top_up.bonus)} of bonus that came with the top-up, the same share "
        "leaves the wallet too, as far as it is unspent.",
    ]


def _may_be_asked(top_up: TopUp) -> bool:
    return bool(top_up.payment_id) and top_up.state in UNCREDITED and not top_up.credited


CONFIRM: Act[TopUp] = Act(
    slug="confirm",
    title="Confirm what arrived",
    permission=MAY_CONFIRM,
    effect=_effect_of_confirming,
    perform=_confirm,
    offered=lambda top_up: top_up.gateway == payouts.BY_HAND and top_up.state in WAITING,
    form=ConfirmTopUp,
)
RESOLVE: Act[TopUp] = Act(
    slug="resolve",
    title="End the review",
    permission=MAY_CONFIRM,
    effect=_effect_of_resolving,
    perform=_resolve,
    offered=lambda top_up: top_up.state == TopUp.State.REVIEW,
    form=ResolveReview,
    grave=True,
)
REJECT: Act[TopUp] = Act(
    slug="reject",
    title="Reject",
    permission=MAY_CONFIRM,
    effect=lambda top_up: [
        f"{top_up.reference} is closed with nothing credited; {top_up.user} reads your reason, by mail too.",
        "Money that comes for it later is put under review.",
    ],
    perform=_reject,
    offered=lambda top_up: top_up.state in UNCREDITED and not top_up.credited,
    form=ReasonForm,
)
SEND_BACK: Act[TopUp] = Act(
    slug="send-back",
    title="Send money back",
    permission=payouts.PERMISSION,
    effect=_effect_of_sending_back,
    perform=_send_back,
    offered=lambda top_up: top_up.gateway != payouts.BY_HAND and payouts.left_to_send_back(top_up) > 0,
    form=SendBack,
    grave=True,
)
ASK_AGAIN: Act[TopUp] = Act(
    slug="ask",
    title="Ask the gateway again",
    permission=MAY_CONFIRM,
    effect=lambda top_up: [
        f"{top_up.gateway} is asked what became of {top_up.reference}, and what it says is carried out.",
        "Nothing is credited on anybody's word but the gateway's.",
    ],
    perform=_ask_again,
    offered=lambda top_up: top_up.gateway != payouts.BY_HAND and _may_be_asked(top_up),
    form=BareForm,
)
ACTS = (CONFIRM, RESOLVE, REJECT, SEND_BACK, ASK_AGAIN)
