"""Who accepted what is in force, and what somebody has yet to accept."""

from collections.abc import Mapping
from datetime import datetime

from plumbing import sql
from policies.models import Acceptance, PolicyVersion
from policies.operations.versions import published_version


class PolicyChanged(Exception):
    """What somebody wants to accept is not what is in force: another version, or another text than was shown."""


def missing_acceptances(*, user_id: int, by_key: bool = False, now: datetime) -> tuple[PolicyVersion, ...]:
    """The versions an order needs that this user has not accepted (policies/sql/policies_required.sql).

    by_key: of an order through the API, for which a standing acceptance counts while a key is not revoked (terms.6.2).
    """
    required = sql.rows("SELECT version_id, accepted, covered FROM policies_required(%s, %s)", [user_id, now])
    return tuple(
        published_version(version_id)
        for version_id, accepted, covered in required
        if not (accepted or (by_key and covered))
    )


def accept(
    *,
    user_id: int,
    checksums: Mapping[int, str],
    context: str,
    now: datetime,
    standing: bool = False,
) -> None:
    """Record that a user accepts versions in force. Inside the caller's transaction; accepting again changes nothing.

    checksums: what was shown or named, by version id. context: "order", "signup", "banner" or "api".
    Raises PolicyChanged, having recorded nothing.
    """
    current = {version.pk: version for version in PolicyVersion.objects.in_force(now).filter(pk__in=checksums)}
    if current.keys() != checksums.keys():
        raise PolicyChanged("not in force")
    if any(current[pk].checksum != shown for pk, shown in checksums.items()):
        raise PolicyChanged("another text was shown")
    Acceptance.objects.bulk_create(
        (
            Acceptance(
                user_id=user_id,
                version=version,
                at=now,
                checksum_shown=version.checksum,
                context=context,
                standing=standing,
            )
            for version in current.values()
        ),
        ignore_conflicts=True,
    )
