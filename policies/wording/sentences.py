"""The sentences themselves, by code. %(name)s is a fact; amounts arrive with their currency, counts with separators."""

from django.utils.translation import gettext_lazy as _

from policies.rules.vocabulary import DecisionOutcome, OrderStatus, RunState
from policies.wording.findings import FINDINGS, Sentence

__all__ = [
    "EVENTS",
    "FINDINGS",
    "OUTCOMES",
    "OUTCOMES_OF",
    "PARTS",
    "REFUSALS",
    "STATUSES",
    "STATUS_EVENTS",
    "Sentence",
]

REFUSALS: dict[str, Sentence] = {
    "account_suspended": _("Your account is suspended and cannot place orders. Please write to support."),
    "selling_stopped": _("We are not taking orders at the moment. Please try again later."),
    "service_not_for_sale": _("This service is not for sale at the moment. Please choose another one."),
    "type_not_offered": _("Services of the type “%(type)s” cannot be ordered here yet."),
    "quantity_missing": _("Please enter the quantity as a whole number."),
    "quantity_below_minimum": _("The smallest order of this service is %(minimum)s; you asked for %(quantity)s."),
    "quantity_above_maximum": _("The largest order of this service is %(maximum)s; you asked for %(quantity)s."),
    "drip_feed_not_offered": _("This service does not deliver in parts of your choice."),
    "runs_out_of_range": _("Please enter the number of parts as a whole number from %(minimum)s to %(maximum)s."),
    "interval_out_of_range": _(
        "Please enter the minutes between two parts as a whole number from %(minimum)s to %(maximum)s."
    ),
    "interval_too_short": _(
        "Parts of this size must be at least %(minimum)s minutes apart, so that no day brings more than this service "
        "delivers to one link."
    ),
    "drip_feed_too_long": _(
        "All parts together must take at most %(days)s days: please choose fewer parts or less time between them."
    ),
    "part_below_minimum": _("The smallest part of this service is %(minimum)s; each of your parts is %(quantity)s."),
    "part_above_pace": _("This service sends at most %(maximum)s units at a time; each of your parts is %(quantity)s."),
    "link_missing": _("Please enter the link or the name to deliver to."),
    "link_too_long": _("The link has %(length)s characters; at most %(maximum)s are possible."),
    "link_has_forbidden_characters": _("The link contains a blank or an invisible character. Please copy it again."),
    "link_of_another_platform": _(
        "This is a link to %(platform)s, and this service delivers on %(wanted_platform)s. Please check both."
    ),
    "link_of_another_kind": _(
        "This link leads to %(link_kind)s, and this service needs a link to %(wanted_kinds)s. Please copy that one."
    ),
    "link_not_an_address": _(
        "This is neither a web address nor a user name. Example: https://example.com/name or @name."
    ),
    "policies_not_accepted": _("Please read and accept first: %(policies)s."),
    "price_changed": _(
        "The price of this service has just changed: it was %(shown)s and is now %(price)s. Nothing was charged. Look "
        "at the new total, and place the order again if you still want it."
    ),
    "price_not_shown": _(
        "The total of this very order had not been shown to you yet, so nothing was ordered or charged. Look at the "
        "price, the plan and when money comes back, and place the order if they are right."
    ),
    "quote_unreadable": _(
        "The price that your page showed cannot be read any more. Nothing was charged. Look at the price below, and "
        "place the order again if it is right."
    ),
    "quote_expired": _(
        "Your page showed its price too long ago to be held to it. Nothing was charged. Look at what holds now, and "
        "place the order if it is right."
    ),
    "quote_used": _(
        "The price that your page showed was for one order, and order %(order)s was placed at it. Nothing was charged "
        "just now. If you want another one like it, look at what holds now, and place the order."
    ),
    "terms_changed": _(
        "The terms of this order have just changed. Nothing was charged. Look at what stands below now, and place the "
        "order again if you still want it."
    ),
    "not_enough_funds": _("This order costs %(price)s and your balance is %(balance)s. You need %(short)s more."),
    "wallet_frozen": _(
        "Your wallet is frozen, so nothing can be bought with it at the moment. Please write to support."
    ),
    "spending_limit_of_the_day": _(
        "This order costs %(price)s. Your spending limit of %(limit)s a day leaves %(left)s for today (UTC)."
    ),
    "spending_limit_of_the_month": _(
        "This order costs %(price)s. Your spending limit of %(limit)s a month leaves %(left)s for this month (UTC)."
    ),
}

OUTCOMES: dict[str, Sentence] = {
    DecisionOutcome.REFUND.value: _("Paid back"),
    DecisionOutcome.REFUSE.value: _("No refund"),
    DecisionOutcome.STOP.value: _("Stopped"),
    DecisionOutcome.REFILL.value: _("Refill"),
    DecisionOutcome.WAIT.value: _("Wait"),
    DecisionOutcome.INSUFFICIENT_EVIDENCE.value: _("Not enough evidence"),
    DecisionOutcome.NOTHING_DUE.value: _("Nothing to pay back"),
}

# Of a rule whose outcomes have other names than those above.
OUTCOMES_OF: dict[tuple[str, str], Sentence] = {
    ("cancellations.decide_cancel", DecisionOutcome.REFUSE.value): _("Cancel refused"),
    ("cancellations.decide_cancel", DecisionOutcome.WAIT.value): _("Cancel asked for"),
    ("refills.decide_refill", DecisionOutcome.REFUSE.value): _("No refill now"),
}

STATUSES: dict[OrderStatus, Sentence] = {
    OrderStatus.QUEUED: _("Queued"),
    OrderStatus.WAITING: _("Waiting"),
    OrderStatus.HELD: _("Held"),
    OrderStatus.SUBMITTING: _("Sending"),
    OrderStatus.UNKNOWN: _("Checking"),
    OrderStatus.PROCESSING: _("Processing"),
    OrderStatus.IN_PROGRESS: _("In progress"),
    OrderStatus.PAUSED: _("Paused"),
    OrderStatus.CANCEL_REQUESTED: _("Cancel requested"),
    OrderStatus.COMPLETED: _("Completed"),
    OrderStatus.PARTIAL: _("Partial"),
    OrderStatus.CANCELED: _("Canceled"),
    OrderStatus.STOPPED: _("Stopped"),
    OrderStatus.FAILED: _("Failed"),
}

PARTS: dict[RunState, Sentence] = {
    RunState.QUEUED: _("not sent yet"),
    RunState.SUBMITTING: _("being sent"),
    RunState.UNKNOWN: _("sent, no clear answer yet"),
    RunState.LIVE: _("under way"),
    RunState.PARKED: _("a person looks at it"),
    RunState.ENDED: _("ended, %(delivered)s delivered"),
}

EVENTS: dict[str, Sentence] = {
    "placed": _("Order placed and paid."),
    "refill_asked": _("A refill was asked for."),
    "refill_completed": _("The refill is done."),
    "refill_rejected": _("The provider did not refill it: %(said)s"),
    "refill_failed": _("The refill came to nothing: %(said)s"),
    "daily_cap": _(
        "At most %(cap)s units go to one link in any 24 hours, and it has had them: the next part waits %(wait_s)s."
    ),
    "linked": _("Found at the provider, as its order %(provider_order_id)s: %(reason)s"),
    "resent": _("To be sent again: %(reason)s"),
    "given_up": _("Given up: %(reason)s"),
    "appealed": _("A person was asked to look at a decision again."),
    "upheld": _("A person looked at the decision again, and it stands: %(reason)s"),
    "overturned": _("A person looked at the decision again, and %(amount)s more is paid back: %(reason)s"),
}

# The plain sentence, and the one for an event that knows its numbers.
STATUS_EVENTS: dict[OrderStatus, tuple[Sentence, Sentence | None]] = {
    OrderStatus.QUEUED: (_("Back in the queue."), None),
    OrderStatus.WAITING: (_("Waiting for another order on the same link."), None),
    OrderStatus.HELD: (_("Held: no provider can take it now, or a person has to look first."), None),
    OrderStatus.SUBMITTING: (_("Being sent to the provider."), None),
    OrderStatus.UNKNOWN: (_("Sent, but without a clear answer. We are finding out whether it arrived."), None),
    OrderStatus.PROCESSING: (_("Taken by the provider."), None),
    OrderStatus.IN_PROGRESS: (_("Delivery has begun."), None),
    OrderStatus.PAUSED: (_("Delivery is interrupted."), None),
    OrderStatus.CANCEL_REQUESTED: (_("Cancel requested."), None),
    OrderStatus.COMPLETED: (_("Completed."), _("Completed: %(delivered)s of %(units)s delivered.")),
    OrderStatus.PARTIAL: (
        _("Ended in part."),
        _("Ended in part: %(delivered)s of %(units)s delivered, %(refund)s paid back."),
    ),
    OrderStatus.CANCELED: (_("Canceled."), _("Canceled: %(refund)s paid back.")),
    OrderStatus.STOPPED: (
        _("Stopped because the account or post changed during delivery."),
        _("Stopped after %(delivered)s of %(units)s because the account or post changed during delivery."),
    ),
    OrderStatus.FAILED: (
        _("Could not be delivered."),
        _("Could not be finished: %(delivered)s of %(units)s delivered, %(refund)s paid back."),
    ),
}
