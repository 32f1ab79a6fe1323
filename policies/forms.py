"""The shapes of what staff type about policies: a draft, what is to be rehearsed, a publication."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from policies.reading.drafts import Sheet, SheetClause, SheetParameter
from policies.rules.clauses import Parameter
from policies.rules.drafts import HEADING_MAX, SUMMARY_MAX, Fault
from policies.rules.publishing import REHEARSED_AT_LEAST
from policies.wording import documents
from policies.wording import drafts as wording

MOST_DECISIONS = 1_000_000


@dataclass(frozen=True, slots=True)
class ParameterFields:
    """A number with its box. takes: unit and bounds in words."""

    row: SheetParameter
    box: BoundField
    takes: str


@dataclass(frozen=True, slots=True)
class ClauseFields:
    """A clause with its boxes. kept: the box that says whether it stands, None where it must."""

    row: SheetClause
    heading: BoundField
    text: BoundField
    kept: BoundField | None
    parameters: tuple[ParameterFields, ...]

    @property
    def has_errors(self) -> bool:
        boxes = (self.heading, self.text, self.kept, *(each.box for each in self.parameters))
        return any(box.errors for box in boxes if box is not None)


class Told(forms.Form):
    """A form that shows at its fields what an operation refused."""

    required_css_class = "required"

    def tell(self, faults: Iterable[Fault]) -> None:
        """Show each fault at its field; what has none stands on top, named."""
        for fault in faults:
            sentence = wording.fault(fault)
            if fault.where in self.fields:
                self.add_error(fault.where, sentence)
            else:
                self.add_error(None, f"{fault.where}: {sentence}" if fault.where else sentence)


class DraftForm(Told):
    """Summary, mark, clauses and numbers of a draft. Its fields are called as faults call them (`rules.drafts`)."""

    summary = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"Stands on top of the policy. At most {SUMMARY_MAX} characters; numbers are named in braces.",
    )
    material = forms.BooleanField(
        required=False,
        label="This change is material",
        help_text="Customers get notice before it takes effect. A change of a number, or of words in a clause or in "
        "the summary, always is; blanks, punctuation and capitals alone are not.",
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, sheet: Sheet, revision: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.sheet = sheet
        drafted = sheet.draft
        self.initial = {"summary": drafted.summary, "material": drafted.material, "revision": revision}
        for row in (row for section in sheet.sections for row in section.clauses):
            self._add_clause(row)

    def _add_clause(self, row: SheetClause) -> None:
        ref = row.clause.id
        if row.optional:
            self.fields[ref] = forms.BooleanField(required=False, label=f"{ref} stands in this version")
        size = max(3, len(row.text) // 60 + 1)
        heading = forms.TextInput(attrs={"maxlength": HEADING_MAX})
        self.fields[f"{ref}:heading"] = forms.CharField(required=False, label="Heading", widget=heading)
        self.fields[f"{ref}:text"] = forms.CharField(
            required=False, label="Text", widget=forms.Textarea(attrs={"rows": size})
        )
        self.initial.update({ref: row.stands, f"{ref}:heading": row.heading, f"{ref}:text": row.text})
        for parameter in row.parameters:
            self.fields[parameter.declared.name] = _field(parameter.declared)
            self.initial[parameter.declared.name] = parameter.value

    @property
    def sections(self) -> Iterator[tuple[str, str, list[ClauseFields]]]:
        """Id, title and clauses of each section, with their boxes."""
        for section in self.sheet.sections:
            yield section.id, section.title, [self._boxes(row) for row in section.clauses]

    def _boxes(self, row: SheetClause) -> ClauseFields:
        ref = row.clause.id
        numbers = ((each, self[each.declared.name], _takes(each.declared)) for each in row.parameters)
        return ClauseFields(
            row=row,
            heading=self[f"{ref}:heading"],
            text=self[f"{ref}:text"],
            kept=self[ref] if ref in self.fields else None,
            parameters=tuple(ParameterFields(*each) for each in numbers),
        )

    def clauses(self) -> dict[str, tuple[str, str]]:
        """Heading and text of each clause that is to stand, of a valid form."""
        said = self.cleaned_data
        rows = (row.clause.id for section in self.sheet.sections for row in section.clauses)
        return {ref: (said[f"{ref}:heading"], said[f"{ref}:text"]) for ref in rows if said.get(ref, True)}

    def params(self) -> dict[str, int | str]:
        """The numbers and words of a valid form."""
        rows = (row for section in self.sheet.sections for row in section.clauses)
        names = (each.declared.name for row in rows for each in row.parameters)
        return {name: self.cleaned_data[name] for name in names}


class RehearseForm(forms.Form):
    """How far back a draft is tried."""

    decisions = forms.IntegerField(
        label="Newest decisions",
        min_value=1,
        max_value=MOST_DECISIONS,
        initial=10_000,
        help_text=f"All open orders are tried as well. Nothing changes by it. Publishing needs the newest "
        f"{REHEARSED_AT_LEAST} decisions at least, or all where there are fewer.",
    )


class PublishForm(Told):
    """Which policy, from when, and what was read of it."""

    slug = forms.CharField(label="The policy's name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    effective_from = forms.DateTimeField(
        required=False,
        label="Takes effect",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    checksum = forms.CharField(widget=forms.HiddenInput)
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def moment(self, *, earliest: datetime) -> datetime:
        """When a valid form says that the version takes effect; left empty, as early as may be."""
        chosen: datetime | None = self.cleaned_data["effective_from"]
        return chosen or earliest


def _field(declared: Parameter) -> forms.Field:
    label = declared.name
    if declared.choices:
        said = [(word, documents.said(declared, {declared.name: word})) for word in declared.choices]
        return forms.ChoiceField(label=label, choices=said)
    if isinstance(declared.default, str):
        return forms.CharField(label=label, max_length=64)
    bounds = {"min": declared.minimum, "max": declared.maximum}
    # The rule says whether it is in bounds, once for this page and for everything else.
    return forms.IntegerField(label=label, widget=forms.NumberInput(attrs=bounds))


def _takes(declared: Parameter) -> str:
    if declared.minimum is None:
        return declared.unit
    return f"{declared.unit}, {declared.minimum:,} to {declared.maximum:,}"
