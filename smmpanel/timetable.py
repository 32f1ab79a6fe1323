"""The clock of the periodic jobs: each begins so many seconds after it began last, by elapsed time alone (ADR 0025)."""

import time
from typing import Any

from celery.beat import Scheduler


class Timetable(Scheduler):
    """Celery's scheduler without a wall clock, which may be set back, and without a memory over a restart.

    Everything begins at once when it is started: a pass that comes too early finds nothing due (decision 9).
    """

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)
        self._seconds = {name: float(entry["schedule"]) for name, entry in self.app.conf.beat_schedule.items()}
        self._due = dict.fromkeys(self.schedule, time.monotonic())

    def tick(self, *_: Any, **__: Any) -> float:
        """Publish what is due. Returns the seconds until something is again."""
        for name, entry in self.schedule.items():
            now = time.monotonic()
            if self._due[name] <= now:
                self._due[name] = now + self._seconds[name]
                self.apply_entry(entry, producer=self.producer)
        until_next = min(self._due.values()) - time.monotonic()
        return min(max(until_next, 0.0), float(self.max_interval or until_next))
