"""Every periodic job there is, by its name: what the apps offer, put together, and the one that watches the others."""

from functools import partial

import accounts.tasks
import orders.tasks
import wallet.tasks
from plumbing.ticks import Tick
from smmpanel import replaying, verifying, watching

WORK: dict[str, Tick] = {
    **orders.tasks.TICKS,
    **wallet.tasks.TICKS,
    **accounts.tasks.TICKS,
    **verifying.TICKS,
    **replaying.TICKS,
}
TICKS: dict[str, Tick] = {**WORK, "watch": Tick(alone=partial(watching.watch, WORK))}
