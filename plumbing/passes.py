"""When each periodic job was last begun, for those of which no query says that they have been left undone."""

from collections.abc import Mapping
from datetime import datetime

from plumbing.models import TickPass
from plumbing.ticks import Tick

INSTALLED = ""  # stands for the installation: a job that was never begun has been due since then


def begin(name: str, tick: Tick, *, now: datetime) -> list[int | str]:
    """Do what a tick does once, and list the parts to go on with. A pass that fails is not kept: it is due still."""
    parts = tick.parts(now=now)
    if tick.oldest_due is None:
        row = TickPass(name=name, at=now)
        TickPass.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=["at"])
    return parts


def last() -> Mapping[str, datetime]:
    """When each job was last begun, by its name, and INSTALLED. One query."""
    return dict(TickPass.objects.values_list("name", "at"))
