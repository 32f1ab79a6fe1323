"""Versions of the policies: seeding the shipped ones, publishing, and which one is in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from plumbing import canonical
from policies import texts
from policies.models import Clause, Policy, PolicyVersion
from policies.rules.clauses import CLAUSE_BY_ID, Value, defaults

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Published:
    """What is read of a published version again and again; it never changes, so each process reads it once."""

    version: PolicyVersion
    refs: frozenset[str]


_published: dict[int, Published] = {}


def seed(*, now: datetime) -> None:
    """Publish version 1 of each shipped policy, in force from `now`. Running it again changes nothing (decision 3)."""
    for slug in texts.TITLES:
        with transaction.atomic(durable=True):
            _seed_policy(texts.shipped(slug), now=now)


def _seed_policy(text: texts.ShippedPolicy, *, now: datetime) -> None:
    Policy.objects.get_or_create(
        slug=text.slug, defaults={"title": text.title, "required_to_order": text.required_to_order}
    )
    policy = Policy.objects.select_for_update(no_key=True).get(slug=text.slug)
    if policy.versions.exists():
        return
    version = policy.versions.create(
        number=1,
        status=PolicyVersion.Status.DRAFT.value,
        summary=text.summary,
        params=defaults(text.slug),
        checksum_form=1,  # so that every installation has the same checksum of it
    )
    Clause.objects.bulk_create(
        Clause(version=version, ref=ref, position=position, heading=CLAUSE_BY_ID[ref].heading, text=body)
        for position, (ref, body) in enumerate(text.clauses, start=1)
    )
    write_published(version, by=SYSTEM, effective_from=now, now=now)


def write_published(
    version: PolicyVersion, *, by: str, effective_from: datetime, now: datetime, approved_by: str = ""
) -> None:
    """Turn a draft into what never changes again, in the caller's transaction. by, approved_by: actors."""
    version.status = PolicyVersion.Status.PUBLISHED.value
    version.effective_from, version.published_at = effective_from, now
    version.published_by, version.approved_by = by, approved_by
    version.checksum = checksum_of(version)
    version.save(update_fields=["status", "effective_from", "published_at", "published_by", "approved_by", "checksum"])


def checksum_of(version: PolicyVersion) -> str:
    """SHA-256 of a version's content as canonical JSON (support 7.3)."""
    return canonical.digest(version.content())


def in_force(*, slug: str, now: datetime) -> PolicyVersion:
    """The version of a policy in force at an instant. Raises PolicyVersion.DoesNotExist before the first."""
    versions = PolicyVersion.objects.in_force(now).filter(policy__slug=slug).select_related("policy")
    return versions.get()


def required_versions(*, now: datetime) -> tuple[PolicyVersion, ...]:
    """The versions in force that an order needs accepted, by slug."""
    required = PolicyVersion.objects.in_force(now).filter(policy__required_to_order=True)
    return tuple(required.select_related("policy").order_by("policy__slug"))


def published_version(version_id: int) -> PolicyVersion:
    """A published version with its policy, read once a process. Raises PolicyVersion.DoesNotExist, also for a draft."""
    return read(version_id).version


def params_of(version_id: int) -> Mapping[str, Value]:
    """A published version's parameters, read once a process. Raises PolicyVersion.DoesNotExist, also for a draft."""
    params: Mapping[str, Value] = published_version(version_id).params
    return params


def read(version_id: int) -> Published:
    """A published version with the clauses it has, read once a process. Raises as `published_version` does."""
    known = _published.get(version_id)
    if known is None:
        version = PolicyVersion.objects.published().select_related("policy").get(pk=version_id)
        known = Published(version, frozenset(version.clauses.values_list("ref", flat=True)))
        _published[version_id] = known
    return known
