"""A provider's list as tests change it: read over HTTP from the real simulator, put back over its control."""

from orders.models import CatalogueSync, Provider, SyncChange
from orders.syncing import read_list
from tests.simulator.conftest import FOLLOWERS, Simulator


class Lister:
    """A simulator whose list of a few services tests rewrite, and the provider's row that points at it."""

    def __init__(self, simulator: Simulator, provider: Provider, *, size: int = 10) -> None:
        self.simulator = simulator
        self.provider = provider
        rows = simulator.call("services")
        ours = [row for row in rows if row["service"] == FOLLOWERS]
        self.rows = [*ours, *(row for row in rows if row["service"] != FOLLOWERS)][:size]
        self.list(self.rows)

    def list(self, rows: object) -> None:
        self.simulator.control(catalogue=rows)

    def change(self, place: int, **columns: object) -> None:
        """Change one entry and list them all again; a column of None is left out."""
        row = {**self.rows[place], **columns}
        self.rows[place] = {name: value for name, value in row.items() if value is not None}
        self.list(self.rows)

    def read(self, now) -> CatalogueSync:
        """A pass of the tick; the list it read."""
        Provider.objects.filter(pk=self.provider.pk).update(sync_due_at=now)
        read_list(provider_id=self.provider.pk, now=now)
        return CatalogueSync.objects.order_by("-checked_at", "-pk").first()


def staged(sync: CatalogueSync, **filters: object) -> list[tuple[str, str]]:
    """Kind and state of a list's changes."""
    return sorted(SyncChange.objects.filter(sync=sync, **filters).values_list("kind", "state"))
