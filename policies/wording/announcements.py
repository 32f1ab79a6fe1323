"""The mail about a change of a policy, in plain words; English, as the policies are (decision 23)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from django.conf import settings

MAIL = """\
{title} changes on {begins}.

You have agreed to an earlier version, or have orders or money with us, so we tell you before it does.

In short:

{summary}
{numbers}{clauses}
The new version, at an address that stays: {page}
{differences}
{orders}If you do not agree, you can stop ordering and revoke your API keys before that day, and ask for your
balance back. Questions are welcome at {support}.
"""
KEPT = "Orders that you place before that day keep the version they were placed under.\n"
BECOMES = {"added": "new", "removed": "taken out", "changed": "reads otherwise"}
_SAYS_ITS_UNIT = frozenset({"basis points", "times", "ISO weekdays", "way to count", "local time", "time zone"})

Clause = tuple[str, str, str]
"""Id, heading, and what becomes of it."""

Number = tuple[str, str, str, str, str]
"""Id and heading of its clause, unit, as it was and as it will be."""


def change_mail(
    *,
    title: str,
    summary: str,
    effective_from: datetime,
    clauses: Sequence[Clause],
    numbers: Sequence[Number],
    page: str,
    differences: str,
    kept_by_orders: bool,
) -> tuple[str, str]:
    """Subject and text. differences: the page that compares word by word, "" for a first version."""
    begins = effective_from.astimezone(UTC)
    body = MAIL.format(
        title=title,
        begins=f"{begins:%-d %B %Y, %H:%M} UTC",
        summary=summary,
        numbers=_listed("Numbers that change:", map(_number, numbers)),
        clauses=_listed(
            "Clauses that change:", (f"{heading} ({ref}): {BECOMES[kind]}" for ref, heading, kind in clauses)
        ),
        page=page,
        differences=f"What changes, word by word: {differences}\n" if differences else "",
        orders=KEPT if kept_by_orders else "",
        support=settings.SUPPORT_EMAIL,
    )
    return f"{title}: what changes on {begins:%-d %B %Y}", body


def _number(number: Number) -> str:
    ref, heading, unit, older, newer = number
    what = "" if unit in _SAYS_ITS_UNIT else f" {unit}"
    return f"{heading} ({ref}): {older} becomes {newer}{what}"


def _listed(head: str, lines: Iterable[str]) -> str:
    told = [f"- {line}\n" for line in lines]
    return f"\n{head}\n\n{''.join(told)}" if told else ""
