"""When money is looked after: each tick finds in Postgres what is due; repeats, overlaps and losses are harmless."""

from plumbing.ticks import Tick
from wallet import collecting
from wallet.operations import payouts

TICKS: dict[str, Tick] = {
    "payments": Tick(
        alone=payouts.alarm_stuck,
        due=collecting.gateways_due,
        work=collecting.look_after,
        of="gateway",
        oldest_due=collecting.oldest_due,
    ),
}
