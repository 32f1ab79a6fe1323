"""What a customer is asked to accept: each version's summary, and what it changes of what they know."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from policies.models import Acceptance, PolicyVersion
from policies.reading import Changes, changes_between, installation_facts, summary_of


@dataclass(frozen=True, slots=True)
class ToAccept:
    """A version in force that is not accepted.

    changes: against the last one that the customer accepted or was shown, None where there is none. accepted_before:
    whether they accepted that one.
    """

    version: PolicyVersion
    changes: Changes | None
    accepted_before: bool

    @property
    def summary(self) -> list[str]:
        """What it says in a few lines."""
        return summary_of(self.version).splitlines()


def to_accept(*, user_id: int, versions: Sequence[PolicyVersion], shown: Collection[int] = ()) -> tuple[ToAccept, ...]:
    """What stands behind the box on the order form. versions: those not accepted. shown: ids that the page had shown.

    One query, and two more for each version that replaces a known one; none where nothing is to be accepted.
    """
    if not versions:
        return ()
    published = PolicyVersion.objects.published().filter(policy__in=[version.policy_id for version in versions])
    theirs = Exists(Acceptance.objects.filter(user=user_id, version=OuterRef("pk")))
    known = published.alias(theirs=theirs).filter(Q(theirs=True) | Q(pk__in=shown)).annotate(accepted_before=theirs)
    newest = {
        each.policy_id: each for each in known.select_related("policy").order_by("number") if each not in versions
    }
    return tuple(_to_accept(version, newest.get(version.policy_id)) for version in versions)


def _to_accept(version: PolicyVersion, known: PolicyVersion | None) -> ToAccept:
    if known is None or known.number > version.number:  # a page can name anything
        return ToAccept(version, changes=None, accepted_before=False)
    changes = changes_between(known, version, facts=installation_facts())
    return ToAccept(version, changes, accepted_before=getattr(known, "accepted_before", False))
