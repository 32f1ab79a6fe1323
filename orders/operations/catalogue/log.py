"""The catalogue's changes of one import, collected and written at its end."""

from collections.abc import Mapping
from datetime import datetime

from orders.models import CatalogueChange, Service
from orders.operations import claims
from orders.operations.catalogue.facts import plain

Kind = CatalogueChange.Kind
Side = Mapping[str, object]
BATCH = 2500  # rows a statement


class Log:
    """What customers and resellers can meet: one line for a rate, one for all other terms of a service together."""

    def __init__(self, *, now: datetime, actor: str) -> None:
        self._stated = {"at": now, "actor": actor}
        self._rows: list[CatalogueChange] = []
        self._terms: dict[int, tuple[Service, dict[str, object], dict[str, object]]] = {}
        self._refusals: list[CatalogueChange] = []

    def add(self, service: Service, kind: Kind, before: Side, after: Side) -> None:
        self._rows.append(self._change(service, kind, before, after))

    def terms(self, service: Service, before: Side, after: Side) -> None:
        """Note columns other than the rate."""
        _, was, became = self._terms.setdefault(service.pk, (service, {}, {}))
        was.update(before)
        became.update(after)

    def refuse(self, service: Service, refused: Mapping[str, str]) -> None:
        """Note which texts were not taken over, and what they claim."""
        after = {f"refused {name}": claim for name, claim in refused.items()}
        self._refusals.append(self._change(service, Kind.TERMS, {}, after))

    def write(self) -> None:
        rows = [*self._rows, *(self._change(service, Kind.TERMS, *sides) for service, *sides in self._terms.values())]
        if self._refusals:
            rows += claims.unrecorded(self._refusals)
        CatalogueChange.objects.bulk_create(rows, batch_size=BATCH)

    def _change(self, service: Service, kind: Kind, before: Side, after: Side) -> CatalogueChange:
        sides = [{name: plain(value) for name, value in side.items()} for side in (before, after)]
        return CatalogueChange(service=service, kind=kind.value, before=sides[0], after=sides[1], **self._stated)
