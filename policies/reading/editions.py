"""The published versions of all policies by their numbers and dates, without their texts. Writes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from policies.models import PolicyVersion
from policies.reading.summaries import summary_of
from policies.texts import KEPT_BY_ORDERS


@dataclass(frozen=True, slots=True)
class Edition:
    """A published version among those of its policy. Drafts are none.

    until: when its successor takes over, None where none is published. replaces: the number of the version before it.
    """

    slug: str
    title: str
    number: int
    published_at: datetime
    effective_from: datetime
    until: datetime | None
    replaces: int | None
    summary: str
    required: bool

    @property
    def is_kept_by_orders(self) -> bool:
        """Whether an order is held to the version that it was placed under."""
        return self.slug in KEPT_BY_ORDERS

    def is_in_force(self, now: datetime) -> bool:
        return self.effective_from <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A policy with what holds now and what is coming, the soonest first. current: None before the first."""

    slug: str
    title: str
    required: bool
    current: Edition | None
    coming: tuple[Edition, ...]


def editions() -> tuple[Edition, ...]:
    """Every published version, policy by policy, in the order in which they take effect. One query."""
    versions = PolicyVersion.objects.published().select_related("policy").order_by("policy_id", "effective_from")
    by_policy = groupby(versions, key=lambda version: version.policy_id)
    return tuple(edition for _, group in by_policy for edition in _in_line(list(group)))


def _in_line(versions: Sequence[PolicyVersion]) -> Iterable[Edition]:
    for before, version, after in zip([None, *versions], versions, [*versions[1:], None], strict=False):
        assert version.effective_from is not None
        assert version.published_at is not None
        yield Edition(
            slug=version.policy.slug,
            title=version.policy.title,
            number=version.number,
            published_at=version.published_at,
            effective_from=version.effective_from,
            until=after.effective_from if after else None,
            replaces=before.number if before else None,
            summary=summary_of(version),
            required=version.policy.required_to_order,
        )


def shelves(found: Sequence[Edition], *, now: datetime) -> tuple[Shelf, ...]:
    """These editions by policy."""
    return tuple(_shelf(list(group), now) for _, group in groupby(found, key=lambda edition: edition.slug))


def _shelf(group: Sequence[Edition], now: datetime) -> Shelf:
    current = next((edition for edition in group if edition.is_in_force(now)), None)
    coming = tuple(edition for edition in group if edition.effective_from > now)
    return Shelf(group[0].slug, group[0].title, group[0].required, current, coming)


def newest_first(found: Iterable[Edition]) -> list[Edition]:
    """As a list of changes reads: what was published last comes first."""
    return sorted(found, key=lambda edition: (edition.published_at, edition.effective_from), reverse=True)
