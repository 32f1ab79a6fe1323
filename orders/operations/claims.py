"""The claims check where the catalogue's texts are written: what is refused, and what an owner let stand, and why."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from orders.models import CatalogueChange, Service
from plumbing import canonical
from policies import wording
from policies.rules.claims import Claim, found_in

TEXTS = ("name", "description", "delivers")
ALLOWANCE = ("claims_reason", "claims_allowed_by", "claims_text_sha256")
PERMISSION = "policies.publish_policy"  # who may say what a clause means here: the owner
MAKES_A_CLAIM = "makes a claim"
STALE = "This reason was given for another text. Say why this one may stand."
_MOST_NAMED = 3

Values = Mapping[str, Any]
"""A service's columns by name, `category` as its row."""


def sha256_of(values: Values) -> str:
    """Which texts an allowance is for. Blanks and line ends do not make another text."""
    return canonical.digest([" ".join(values[name].split()) for name in TEXTS])


def claims_of(values: Values) -> dict[str, tuple[Claim, ...]]:
    """What the texts of a service and its category's name promise, by field; fields without a claim are left out."""
    instant = bool(values.get("instant"))
    texts = {name: values.get(name) or "" for name in TEXTS}
    if category := values.get("category"):
        texts["category"] = category.name
    found = {name: found_in(text, instant=instant) for name, text in texts.items()}
    return {name: claims for name, claims in found.items() if claims}


def is_refused(service: Service) -> bool:
    """Whether a stored service may not be sold with its texts: it makes a claim that nobody let stand."""
    found = claims_of(columns_of(service))
    return "category" in found or (bool(found) and not _is_allowed(columns_of(service)))


def columns_of(service: Service) -> Values:
    """What is checked of a service."""
    return {name: getattr(service, name) for name in (*TEXTS, *ALLOWANCE, "instant", "category")}


def check(values: Values, *, stored: Values, may_allow: bool) -> Mapping[str, str]:
    """Name the claims of a service as it would be saved, by field, unless they are allowed. A category's never are.

    stored: the allowance as it stands in the row, empty for a new one. may_allow: whether the person has PERMISSION.
    """
    found = claims_of(values)
    reason, earlier = values.get("claims_reason") or "", stored.get("claims_reason", "")
    given_anew = may_allow and reason not in ("", earlier)
    if given_anew or (reason and sha256_of(values) == stored.get("claims_text_sha256")):
        found = {name: claims for name, claims in found.items() if name == "category"}
    errors = {name: explained(claims) for name, claims in found.items()}
    if errors and reason and reason == earlier and set(errors) != {"category"}:
        errors["claims_reason"] = STALE
    return errors


def allowance(values: Values, *, stored: Values, actor: str) -> dict[str, str]:
    """The allowance to store with texts that `check` let pass: none where nothing is claimed any more."""
    reason, checksum = values.get("claims_reason") or "", sha256_of(values)
    if not set(claims_of(values)) & set(TEXTS):
        return dict.fromkeys(ALLOWANCE, "")
    if (reason, checksum) == (stored.get("claims_reason"), stored.get("claims_text_sha256")):
        return {name: stored[name] for name in ALLOWANCE}
    return dict(zip(ALLOWANCE, (reason, actor, checksum), strict=True))


def explained(claims: Iterable[Claim]) -> str:
    """The first claims of a text as an error at its field: the clause, the words, and why not."""
    said = [f"{claim.reason.clause.id}: {wording.reason(claim.reason)}" for claim in claims]
    more = len(said) - _MOST_NAMED
    return " ".join([*said[:_MOST_NAMED], *([f"And {more} more."] if more > 0 else [])])


def named(claims: Iterable[Claim]) -> str:
    """The first claim of a text in a few words, for a list: “guaranteed” (refund.12.1)."""
    first = next(iter(claims))
    return f"“{first.words[:80]}” ({first.reason.clause.id})"


def inactive_reason(service: Service) -> str:
    """Why a service that an import makes is not sold: "" unless one of its texts makes a claim."""
    found = claims_of(columns_of(service))
    return f"{MAKES_A_CLAIM}: {'; '.join(f'{name} {named(claims)}' for name, claims in found.items())}" if found else ""


def refused_of(service: Service, incoming: Values) -> dict[str, str]:
    """Those of an update's texts that may not replace the stored ones, with the first claim of each.

    Texts that an allowance covers change together or not at all: a part of them would be another text.
    """
    after = {**columns_of(service), **incoming}
    found = {name: claims for name, claims in claims_of(after).items() if name in TEXTS or name in incoming}
    if sha256_of(after) == service.claims_text_sha256:
        found = {name: claims for name, claims in found.items() if name == "category"}
    refused = {name: named(claims) for name, claims in found.items() if name in incoming}
    if found and any(name in incoming for name in TEXTS) and _is_allowed(columns_of(service)):
        kept = next(iter(found.values()))
        refused |= {name: named(found.get(name, kept)) for name in TEXTS if name in incoming}
    return refused


def unrecorded(changes: Collection[CatalogueChange]) -> list[CatalogueChange]:
    """Those refusals that no earlier import has recorded: a provider's list says the same each time."""
    earlier = CatalogueChange.objects.filter(
        service__in=[change.service_id for change in changes], kind=CatalogueChange.Kind.TERMS, before={}
    )
    told = {(service_id, canonical.text(after)) for service_id, after in earlier.values_list("service_id", "after")}
    return [change for change in changes if (change.service_id, canonical.text(change.after)) not in told]


def _is_allowed(values: Values) -> bool:
    return bool(values["claims_reason"]) and values["claims_text_sha256"] == sha256_of(values)
