"""When messages go out: each tick finds in Postgres what is due; repeats, overlaps and losses are harmless."""

from accounts import sending
from plumbing.ticks import Tick

TICKS = {
    "mail": Tick(
        alone=sending.prune, due=sending.kinds_due, work=sending.send_due, of="kind", oldest_due=sending.oldest_due
    )
}
