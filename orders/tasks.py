"""When orders are worked on: each tick finds in Postgres what is due; repeats, overlaps and losses are harmless."""

from orders import announcing, rehearsing, syncing
from orders.delivery import canceling, dispatch, holding, poll, reconcile, refilling, stalling, unsent, waiting
from orders.operations import history
from orders.reading import overdue
from plumbing.ticks import Tick
from policies.operations import announcing as policies_announcing
from policies.operations import rehearsing as policies_rehearsing

TICKS = {
    "dispatch": Tick(
        due=dispatch.providers_due, work=dispatch.send_due, of="provider_id", oldest_due=overdue.oldest_unsent
    ),
    "refresh": Tick(
        due=poll.providers_due, work=poll.refresh_due_batches, of="provider_id", oldest_due=overdue.oldest_look
    ),
    "reconcile": Tick(
        alone=reconcile.expire_leases,
        due=reconcile.providers_due,
        work=reconcile.ask_unknowns,
        of="provider_id",
        oldest_due=overdue.oldest_lost_claim,
    ),
    "cancel": Tick(
        alone=canceling.withdraw_queued,
        due=canceling.providers_due,
        work=canceling.ask,
        of="provider_id",
        oldest_due=canceling.oldest_due,
    ),
    "refill": Tick(due=refilling.providers_due, work=refilling.ask, of="provider_id", oldest_due=refilling.oldest_due),
    "hold": Tick(alone=holding.hold_and_release),
    "wake": Tick(alone=waiting.wake_waiting),
    "unsent": Tick(alone=unsent.give_up_unsent),
    "stall": Tick(alone=stalling.flag_unseen),
    "measure": Tick(alone=history.measure),
    "announce": Tick(
        due=policies_announcing.due,
        work=announcing.work_on,
        of="version_id",
        oldest_due=policies_announcing.oldest_due,
    ),
    "catalogue": Tick(due=syncing.lists_due, work=syncing.read_list, of="provider_id", oldest_due=overdue.oldest_list),
    "rehearse": Tick(
        due=policies_rehearsing.due,
        work=rehearsing.work_on,
        of="rehearsal_id",
        oldest_due=policies_rehearsing.oldest_due,
    ),
}
