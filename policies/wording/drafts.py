"""What cannot stand in a draft, and what it still lacks, as sentences for staff."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from policies.rules.drafts import Fault
from policies.rules.publishing import Condition

_FAULTS = {
    "empty": "This cannot be empty.",
    "too_many_lines": "Say it in {limit} lines at most: it stands beside the box that a customer ticks.",
    "too_long": "This can have at most {limit} characters.",
    "unknown_clause": "This policy has no clause {ref}.",
    "must_stay": "This clause cannot be removed: the system decides by it, names it, or takes a number from it.",
    "unknown_placeholder": "Nothing here is called {{{name}}}. The names of the numbers stand beside their clauses.",
    "broken_braces": "Braces stand in pairs around a name and nothing else: {{name}}.",
    "number_missing": "Keep {{{name}}} in the text: it is the number that is enforced, and readers must see it.",
    "loose_number": "Only {{{name}}} gives this clause its number. Another one beside it could be taken for what is "
    "enforced: leave it out, also in words.",
    "unenforced_number": "The system decides by this clause, but by no such number: leave it out, also in words.",
    "number_in_summary": "A summary states no number of its own. Name one of this policy's numbers in braces, or leave "
    "it out, also in words.",
    "unknown_parameter": "This policy has no number called {name}.",
    "out_of_bounds": "This takes {minimum} to {maximum} {unit}.",
    "no_time_zone": "This is no time zone. It is named as Asia/Kolkata or Europe/Berlin.",
    "no_local_time": "This is no time of day. It is written as 09:30.",
    "no_iso_weekdays": "Name the days by their numbers, each once: 12345 is Monday to Friday.",
    "no_way_to_count": "Choose one of the ways to count.",
    "out_of_order": "This cannot come before {lower}, which is {value}.",
    "changed_meanwhile": "Somebody has changed the draft since you opened this page, so nothing was done. Open it anew "
    "in another window and compare.",
    "overtaken": "Somebody accepted the policy, or something was decided under it, in the very moment in which you "
    "published, so nothing was done. Press the button again.",
    "another_slug": "Type {slug}, the name of the policy that you mean to publish.",
    "before_another": "Another version takes effect on {newest}. This one must follow it.",
    "too_little_notice": "A material change needs {days} days of notice: it can take effect on {earliest}.",
    "in_the_past": "No version takes effect in the past.",
}
_LACKS = {
    "changes_something": "The draft changes nothing of the version before it.",
    "can_stand": "{count} of its clauses or numbers cannot stand. Saving the draft says which.",
    "marked_material": "It changes a number or words, of a clause or of the summary, so it must be marked as material.",
    "rehearsed": "This text with these numbers has not been rehearsed.",
    "rehearsed_on_too_few": "Its rehearsal looked at {few} decisions; it has to look at the newest {needed} at least. "
    "Rehearse it again.",
    "second_person": "You wrote some of it. Somebody who wrote none of it publishes it.",
}
_MET = {
    "changes_something": "It changes something.",
    "can_stand": "Every clause and every number can stand.",
    "marked_material": "A change that needs notice is marked as material.",
    "rehearsed": "It was rehearsed as it is now; decisions looked at: {decisions}.",
    "rehearsed_on_nothing": "It was rehearsed as it is now; there is no decision yet to try it on.",
    "second_person": "You wrote none of it.",
}


def fault(each: Fault) -> str:
    """Why something cannot stand or was not done."""
    return _(_FAULTS.get(each.finding) or _LACKS[each.finding]).format_map(_worded(each.facts))


def condition(each: Condition) -> str:
    """A condition of publishing, as it is met or as it is not."""
    return _((_MET if each.met else _LACKS)[each.finding]).format_map(_worded(each.facts))


def _worded(facts: Mapping[str, object]) -> dict[str, object]:
    """Instants as the reader's clock shows them, with its zone."""
    return {name: _instant(fact) if isinstance(fact, datetime) else fact for name, fact in facts.items()}


def _instant(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local:%-d %B %Y, %H:%M:%S} {timezone.get_current_timezone_name()}"
