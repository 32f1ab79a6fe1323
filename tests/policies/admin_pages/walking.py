"""How the tests walk through the staff's pages about policies."""

import re
from html import unescape

from django.urls import reverse

from policies.models import PolicyVersion
from policies.reading.drafts import sheet_of


def words(answer):
    """The text of a page, without its markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def address(page, version):
    return reverse(f"admin:policies_policyversion_{page}", args=[version.pk])


def typed(draft, **otherwise):
    """What a browser sends from the page on which a draft is written; None leaves a box out, as an unticked one is."""
    draft = PolicyVersion.objects.select_related("policy").get(pk=draft.pk)
    sent = {"summary": draft.summary, "revision": "1"}
    if draft.material:
        sent["material"] = "on"
    for row in (row for section in sheet_of(draft).sections for row in section.clauses):
        ref = row.clause.id
        sent |= {f"{ref}:heading": row.heading, f"{ref}:text": row.text}
        sent |= {ref: "on"} if row.optional and row.stands else {}
        sent |= {each.declared.name: str(each.value) for each in row.parameters}
    sent |= otherwise
    return {name: value for name, value in sent.items() if value is not None}
