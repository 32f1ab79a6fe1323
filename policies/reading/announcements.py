"""The mail that tells a customer of a coming change: what, from when, and where it stands for ever. Reads only."""

from django.conf import settings
from django.urls import reverse

from policies.models import PolicyVersion, version_before
from policies.reading.changes import ClauseChange, Kind, ParameterChange, changes_between
from policies.reading.summaries import summary_of
from policies.texts import KEPT_BY_ORDERS
from policies.wording.announcements import change_mail
from policies.wording.installation import installation_facts


def mail_about(version: PolicyVersion) -> tuple[str, str]:
    """Subject and text about a published version. One query, four where it follows another one."""
    before = version_before(version)
    changes = changes_between(before, version, facts=installation_facts()) if before else None
    site = settings.SITE_URL.rstrip("/")
    slug, number = version.policy.slug, version.number
    assert version.effective_from is not None
    return change_mail(
        title=version.policy.title,
        summary=summary_of(version),
        effective_from=version.effective_from,
        clauses=[_clause(each) for each in changes.clauses] if changes else [],
        numbers=[_number(each) for each in changes.parameters] if changes else [],
        page=site + reverse("policies:version", args=[slug, number]),
        differences=site + reverse("policies:difference", args=[slug, before.number, number]) if before else "",
        kept_by_orders=slug in KEPT_BY_ORDERS,
    )


def _clause(change: ClauseChange) -> tuple[str, str, str]:
    """Under the heading that it will have, or had where it goes."""
    stays = [piece.text for piece in change.heading if piece.kind is not Kind.REMOVED]
    return change.ref, "".join(stays or [piece.text for piece in change.heading]), change.kind.value


def _number(change: ParameterChange) -> tuple[str, str, str, str, str]:
    clause = change.parameter.clause
    return clause.id, clause.heading, change.parameter.unit, change.older, change.newer
