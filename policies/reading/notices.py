"""Which changes of the policies are coming, remembered for a minute by each process. Writes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.reading.editions import Edition, editions

REMEMBERED = timedelta(minutes=1)  # every page of a customer asks; a version shows within this time of its publishing


@dataclass(frozen=True, slots=True)
class _Memory:
    since: datetime
    until: datetime
    editions: tuple[Edition, ...]


class Noticeboard:
    """The published versions that have yet to take effect, the soonest first.

    Kept in the process and not in the shared cache: a page then asks nobody, also while Redis is away or there is none.
    """

    def __init__(self) -> None:
        self._memory: _Memory | None = None

    def coming(self, *, now: datetime) -> tuple[Edition, ...]:
        """What is coming at `now`. One query, at most once a minute."""
        if self._memory is None or not self._memory.since <= now < self._memory.until:
            self.remember(editions(), since=now, until=now + REMEMBERED)
        assert self._memory is not None
        return tuple(edition for edition in self._memory.editions if edition.effective_from > now)

    def remember(self, found: tuple[Edition, ...], *, since: datetime, until: datetime) -> None:
        """Answer from these for a time."""
        soonest_first = sorted(found, key=lambda edition: edition.effective_from)
        self._memory = _Memory(since, until, tuple(soonest_first))

    def forget(self) -> None:
        self._memory = None


board = Noticeboard()
