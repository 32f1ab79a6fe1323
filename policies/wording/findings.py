"""The sentences of what a rule found, by code; `sentences` says how they are written, and has them too."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Sentence = str | Promise

FINDINGS: dict[str, Sentence] = {
    # what an ended order gives back (rules.refunds)
    "still_running": _("The order is still under way, so there is nothing to pay back yet."),
    "target_changed": _(
        "The account or post changed, was deleted or was made private during delivery. "
        "The missing %(missing)s are not paid back."
    ),
    "minor_difference": _(
        "%(missing)s of %(units)s are missing. For this order, up to %(tolerance)s count as a minor difference, "
        "so it is complete and nothing is paid back."
    ),
    "already_refunded": _("What was not delivered has already been paid back: %(refunded)s."),
    "nothing_charged": _("Nothing was charged for this order, so there is nothing to pay back."),
    "canceled_before_sending": _(
        "The order was canceled before it was sent. All of it, %(amount)s, is back in the wallet."
    ),
    "cancel_confirmed": _(
        "The order was canceled after %(delivered)s of %(units)s. The other %(missing)s are paid back: %(amount)s."
    ),
    "complete_failure": _(
        "The service failed completely: %(missing)s of %(units)s could not be delivered. "
        "They are paid back: %(amount)s."
    ),
    "package_incomplete": _("The package was not delivered whole, so all of it is paid back: %(amount)s."),
    "nothing_delivered": _(
        "The provider ended the order without delivering anything. All of it is paid back: %(amount)s."
    ),
    "undelivered_part": _(
        "The provider delivered %(delivered)s of %(units)s and ended the order. "
        "The missing %(missing)s are paid back: %(amount)s."
    ),
    # what an appeal comes to (rules.appeals)
    "appeal_overturned": _(
        "A person looked at the case again: %(granted)s should have been paid back in all, "
        "so %(amount)s more is paid back."
    ),
    "appeal_above_charge": _("Not more than the charge can be paid back: %(charge)s."),
    "appeal_takes_nothing_away": _("%(refunded)s has been paid back already, and an appeal never takes money away."),
    "appeal_adds_nothing": _(
        "Exactly %(refunded)s has been paid back already. To leave it at that, uphold the decision."
    ),
    "appeal_package_whole": _("A package is paid back whole or not at all: %(charge)s."),
    # whether a refill is tried (rules.refills)
    "refill_is_asked": _("You asked for a refill. We ask the provider; a try can fail, and pays nothing back."),
    "refill_not_sold": _("This order was sold without a refill: what drops later is not refilled."),
    "refill_before_completion": _("The order has not ended yet. A refill may be asked for once it is completed."),
    "refill_of_unfinished": _(
        "The order was not completed, and what was missing is settled. There is nothing to refill."
    ),
    "refill_of_refunded": _("Something of the order was paid back, so it is not refilled as well."),
    "refill_period_over": _("The refill period of this order ended on %(ended)s."),
    "refill_under_way": _("A refill is under way. Another one may be asked for when it has ended."),
    "refill_too_soon": _("Between two tries there is a wait: the next refill may be asked for from %(until)s."),
    "refill_tries_used": _("This order was sold with as many refills as it has had: %(tries)s."),
    "refill_by_support": _("No provider can be asked for it by itself. Please write to our support."),
    # whether a cancel is granted (rules.cancellations)
    "cancel_before_sending": _("Nothing of the order has been sent, so it can be canceled free of charge."),
    "cancel_the_rest": _("What is left of the order has not been sent, so it can be taken back."),
    "cancel_is_asked": _(
        "You asked to cancel after it was sent. Nothing more of it goes out, and we ask the provider. "
        "Once it confirms, what was not delivered is paid back."
    ),
    "cancel_declined": _("You asked to cancel. The provider declined, so the order goes on."),
    "cancel_after_sending": _(
        "You asked to cancel. The order, or a part of it, had already gone out to the provider, "
        "so it could no longer be canceled free of charge and goes on."
    ),
    "cancel_with_a_person": _(
        "You asked to cancel. Our staff are looking at what the provider answered about this order, "
        "so it could not be canceled just then."
    ),
    "cancel_after_end": _("You asked to cancel. The order had already ended, so there was nothing left to cancel."),
    # what may happen to an order, beside the amount that would come back (rules.refunds.refund_conditions)
    "condition_cancel_in_queue": _("You cancel before the order is sent."),
    "condition_ended": _("It ends with nothing delivered."),
    "condition_ended_at": _("It ends with %(delivered)s of %(units)s delivered."),
    "condition_minor_at": _("It ends with %(delivered)s or more of %(units)s delivered: a minor difference."),
    "condition_package_ended": _("It ends before all of the package is delivered."),
    "condition_failure": _("Nobody can deliver it, or it stands still for %(hours)s hours."),
    "condition_failure_at": _(
        "Nobody can deliver the rest, or it stands still for %(hours)s hours, at %(delivered)s of %(units)s."
    ),
    "condition_cancel_confirmed": _(
        "You cancel after it was sent, and the provider agrees before anything is delivered."
    ),
    "condition_cancel_confirmed_at": _(
        "You cancel after it was sent, and the provider agrees at %(delivered)s of %(units)s."
    ),
    "condition_target_changed": _("You rename the account, delete the post or make it private before it is delivered."),
    "condition_target_changed_at": _(
        "You rename the account, delete the post or make it private at %(delivered)s of %(units)s."
    ),
    "condition_late": _("It takes longer than forecast but still moves."),
    "condition_refill": _("The number drops after all was delivered: you can ask for a refill, not for money."),
    "condition_drop": _("The number drops after all was delivered: this service has no refill."),
    "condition_results": _("All is delivered, but nobody comments, buys or stays because of it."),
    # what to expect of an order (rules.expectations)
    "expect_gradual": _("Delivery is gradual, not instant: it is sent as one part and arrives bit by bit."),
    "expect_gradual_parts": _("Delivery is gradual, not instant: it is sent in %(parts)s parts, evenly spaced."),
    "expect_drip": _(
        "Delivery is gradual, not instant: it is sent in %(parts)s parts of the same size, %(minutes)s min "
        "apart, as chosen with the order."
    ),
    "expect_daily_cap": _(
        "We send at most %(cap)s units to one link in any 24 hours, all orders on it together; what is more waits its "
        "turn."
    ),
    "expect_instant": _("Delivery is instant, as the service's description states: all at once after it was sent."),
    "expect_forecast": _(
        "Of the last %(sample)s orders of about this size, half were done within %(p50_s)s and nine in ten within "
        "%(p90_s)s. Speed varies: this is a forecast, not a promise."
    ),
    "expect_forecast_between": _(
        "Of the last %(sample)s orders of about this size, eight in ten were done between %(p10_s)s and %(p90_s)s "
        "after they were placed, and half of all within %(p50_s)s. Speed varies: this is a forecast, not a promise."
    ),
    "expect_start": _(
        "Delivery may begin at once or later: of the last %(sample)s orders of about this size, half began within "
        "%(start_p50_s)s and nine in ten within %(start_p90_s)s."
    ),
    "expect_no_forecast": _(
        "There is not enough data to forecast when it ends, or nothing is being sent at the moment. Speed varies, and "
        "no time is promised."
    ),
    "expect_stated_pace": _(
        "There is not enough data to forecast when it ends, or nothing is being sent at the moment. The service states "
        "a pace of %(pace)s units an hour, which we have not measured: speed varies, and no time is promised."
    ),
    "expect_tolerance": _(
        "Up to %(tolerance)s of %(units)s missing in the end count as a minor difference; if more is missing, all that "
        "is missing is paid back."
    ),
    "expect_exact": _("Whatever is missing of %(units)s in the end is paid back; no part of it is a minor difference."),
    "expect_package": _("A package is all or nothing: unless all of it arrives, all of it is paid back."),
    "expect_refill": _(
        "If the number drops by at least %(drop)s %% within %(days)s days of completion, you can ask for a refill, and "
        "again %(hours)s hours after the last one. A refill can fail, and is never money."
    ),
    "expect_refill_lifetime": _(
        "If the number drops by at least %(drop)s %% at any time after completion, you can ask for a refill, and again "
        "%(hours)s hours after the last one. A refill can fail, and is never money."
    ),
    "expect_refill_unstated": _(
        "If the number drops by at least %(drop)s %% after completion, you can ask for a refill, and again %(hours)s "
        "hours after the last one. For how long is not stated. A refill can fail, and is never money."
    ),
    "expect_refill_max": _("An order can be refilled at most %(times)s times."),
    "expect_refill_cap": _("All refills together bring at most %(percent)s %% of the quantity."),
    "expect_no_refill": _(
        "This service has no refill: if the number drops after completion, nothing is refilled or paid back."
    ),
    "expect_platform": _("%(platform)s is not ours: what it changes can slow, pause or alter a delivery."),
    "expect_visibility": _(
        "You get %(metric)s that can be counted. Interaction, sales or lasting growth from them are not promised."
    ),
    "expect_results": _("What comes of it depends on what you publish, who sees it and how %(platform)s ranks it."),
    # what a service's text may not promise (rules.claims)
    "claim_result": _("“%(words)s” promises a result: no particular result is sold."),
    "claim_outcome": _("“%(words)s” promises what comes of it: visibility is sold, not engagement, sales or growth."),
    "claim_time": _("“%(words)s” promises a time: only forecasts can be given, such as “usually about 2 hours”."),
    "claim_safety": _("“%(words)s” promises safety from the platform, for which nobody here can speak."),
    "claim_disguise": _("“%(words)s” promises that it passes for something else: what is sold is named as what it is."),
    # why an order stands where it stands (rules.explain)
    "status_queued": _("Your order is paid and waits in the queue. It is sent as soon as the provider has room."),
    "status_queued_stopped": _(
        "We have stopped sending orders for now. Yours is paid and keeps its place in the queue. "
        "It goes out when we start again."
    ),
    "status_queued_by_hand": _(
        "Your order is paid and waits in the queue. This one is delivered by a member of our staff, who takes it as "
        "soon as there is time."
    ),
    "status_waiting": _(
        "Another order for the same link is being delivered. "
        "Yours is number %(place)s in line and starts when that is done."
    ),
    "status_waiting_unplaced": _("Another order for the same link is being delivered. Yours starts when that is done."),
    "status_held": _(
        "A person has to look at your order before it goes on. Our staff have been told, and your money is safe."
    ),
    "status_held_no_provider": _(
        "No provider can take your order at the moment: those who deliver this service are switched off. It has not "
        "been sent, and your money is safe: if none is back within %(hours)s hours, you are paid back."
    ),
    "status_held_provider_paused": _(
        "The provider takes no orders from us at the moment, and no other one can take yours. Our staff have been "
        "told. It has not been sent, and your money is safe: if nobody takes it within %(hours)s hours, you are paid "
        "back."
    ),
    "status_held_provider_silent": _(
        "The provider does not answer at the moment, and no other one can take your order. We go on asking. It has "
        "not been sent, and your money is safe: if nobody takes it within %(hours)s hours, you are paid back."
    ),
    "status_held_provider_busy": _(
        "The provider asked us to wait, and no other one can take your order. It goes out when that time is over. It "
        "has not been sent, and your money is safe: if nobody takes it within %(hours)s hours, you are paid back."
    ),
    "status_submitting": _("Your order is being sent to the provider right now."),
    "status_unknown": _(
        "Your order was sent, but the provider's answer did not reach us. "
        "We are finding out whether it arrived, and do not send it twice."
    ),
    "status_processing": _(
        "The provider has taken your order. Nothing is delivered yet; that can begin at once or later."
    ),
    "status_in_progress": _("%(delivered)s of %(units)s are delivered. The rest follows bit by bit."),
    "status_paused": _(
        "Delivery is interrupted at %(delivered)s of %(units)s and goes on afterwards. "
        "If nothing moves for %(hours)s hours, what is missing is paid back."
    ),
    "status_cancel_requested": _(
        "You asked to cancel. Once the provider confirms, what was not delivered is paid back."
    ),
    "status_completed": _("All %(units)s are delivered."),
    "status_completed_minor": _(
        "%(delivered)s of %(units)s are delivered. "
        "The missing %(missing)s are a minor difference, so the order is complete."
    ),
    "status_partial": _("The order ended with %(delivered)s of %(units)s. What was not delivered has been paid back."),
    "status_canceled": _("The order ended before anything was delivered. What you paid for it is back in your wallet."),
    "status_stopped": _(
        "The order was stopped because the account or post changed, was deleted or was made private during delivery. "
        "%(delivered)s of %(units)s were delivered."
    ),
    "status_failed": _(
        "The order could not be finished. %(delivered)s of %(units)s were delivered; the rest has been paid back."
    ),
}
