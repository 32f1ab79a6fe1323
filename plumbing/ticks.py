"""One pass of a periodic job: what a tick is. Each app offers its own by name; `smmpanel.ticks` puts them together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Tick:
    """One pass of a periodic job. How often it comes stands in the timetable.

    alone: what is done once for all, in the clock's own process: never a call over the network. due, work: the parts
    at which something is due (ids of providers, codes of gateways, kinds of message), and a pass at one of them; each
    is a message of its own under Celery, a thread of its own in `manage.py tick`. of: the name by which `work` takes
    its part. oldest_due: since when the oldest of its work has been due and nobody was at it, None when nothing is:
    one query, cheap enough to be asked every minute.
    """

    alone: Callable[..., object] | None = None
    due: Callable[..., Sequence[int | str]] | None = None
    work: Callable[..., object] | None = None
    of: str = "part"
    oldest_due: Callable[..., datetime | None] | None = None

    def parts(self, *, now: datetime) -> list[int | str]:
        """Do what is done once, and list the parts to go on with."""
        if self.alone:
            self.alone(now=now)
        return list(self.due(now=now)) if self.due else []

    def go_on(self, part: int | str, *, now: datetime) -> None:
        """Make a pass at one part."""
        if self.work:
            self.work(**{self.of: part}, now=now)
