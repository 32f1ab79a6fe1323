"""Every periodic job there is, by its name: what the apps offer, put together."""

import accounts.tasks
import orders.tasks
import wallet.tasks
from plumbing.ticks import Tick
from smmpanel import replaying, verifying

TICKS: dict[str, Tick] = {
    **orders.tasks.TICKS,
    **wallet.tasks.TICKS,
    **accounts.tasks.TICKS,
    **verifying.TICKS,
    **replaying.TICKS,
}
