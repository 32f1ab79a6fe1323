"""Telling customers of a material change: a row written with its publication, worked off by a tick (support.9.2).

A change of terms is a service message: no preference keeps it from anybody whom it concerns.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.operations import queue_to_many
from policies.models import Acceptance, Announcement, PolicyVersion

BATCH = 500  # users looked at in one transaction
BATCHES = 20  # of a pass: it is over well before a task has to be

Concerned = Callable[[Iterable[int]], Collection[int]]
"""Of these users, who has orders or money with us: the apps above know."""

Mail = tuple[str, str]
"""Subject and text."""


def announce(version: PolicyVersion) -> None:
    """Have customers told of a version, in the transaction that publishes it."""
    Announcement.objects.create(version=version)


def due(*, now: datetime) -> list[int]:
    """The versions of which somebody has yet to be told."""
    return list(Announcement.objects.filter(finished_at=None).order_by("pk").values_list("pk", flat=True))


def oldest_due(*, now: datetime) -> datetime | None:
    """Since when somebody has been waiting to be told, if the oldest version's mails are not all queued."""
    waiting = Announcement.objects.filter(finished_at=None)
    since: datetime | None = waiting.aggregate(since=Min("version__published_at"))["since"]
    return since


def work_on(*, version_id: int, say: Callable[[PolicyVersion], Mail], concerned: Concerned, now: datetime) -> None:
    """Go on telling of a version for one pass; each batch is kept with how far it came.

    Harmless while somebody else is at it, and when it dies: who was told is told once, by the mail's key.
    """
    version = PolicyVersion.objects.published().select_related("policy").get(pk=version_id)
    mail = say(version)
    for _ in range(BATCHES):
        if not _tell_next(version, mail, concerned, now):
            return


def _tell_next(version: PolicyVersion, mail: Mail, concerned: Concerned, now: datetime) -> bool:
    """Tell those of the next batch of users whom it concerns; False when nobody is left or somebody else is at it."""
    with transaction.atomic(durable=True):
        rows = Announcement.objects.select_for_update(no_key=True, skip_locked=True)
        announcement = rows.filter(version=version, finished_at=None).first()
        if announcement is None:
            return False
        batch = dict(_audience(version).filter(pk__gt=announcement.after).values_list("pk", "email")[:BATCH])
        chosen = concerned(batch)
        subject, body = mail
        addresses = {user_id: email for user_id, email in batch.items() if user_id in chosen}
        announcement.told += queue_to_many(to=addresses, subject=subject, body=body, key=_key(version), now=now)
        announcement.after = max(batch, default=announcement.after)
        announcement.finished_at = None if len(batch) == BATCH else now
        announcement.save(update_fields=["after", "told", "finished_at"])
    return announcement.finished_at is None


def _audience(version: PolicyVersion) -> QuerySet[User]:
    """Who is bound by an earlier version, by id: by accepting one, or by a key's standing acceptance (terms.6.2).

    Also by that of a key that was revoked since: what was ordered with it stays under what was in force. A document
    that nobody accepts binds nobody and concerns everybody.
    """
    users = User.objects.order_by("pk")
    if not version.policy.required_to_order:
        return users
    earlier = Q(version__policy_id=version.policy_id, version__number__lt=version.number)
    accepted = Acceptance.objects.filter(earlier | Q(standing=True), user_id=OuterRef("pk"))
    return users.filter(Exists(accepted))


def _key(version: PolicyVersion) -> str:
    return f"policy:{version.policy.slug}:v{version.number}"
