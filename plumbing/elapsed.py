"""What the time is after a call that took some: the edge reads the clock once, this measures from there."""

import time
from datetime import datetime, timedelta


class Elapsed:
    """Starts at the instant that the edge read, and goes on with a clock that nobody can set."""

    def __init__(self, *, since: datetime) -> None:
        self._since = since
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def now(self) -> datetime:
        return self._since + timedelta(seconds=self.seconds)
