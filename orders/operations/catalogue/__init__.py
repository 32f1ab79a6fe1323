"""Bringing a provider's list into our catalogue: staged as differences, then applied or dismissed, each recorded."""

from orders.operations.catalogue.asking import NotListed, ask, claim, release
from orders.operations.catalogue.deciding import PERMISSION, Outcome, apply_changes, apply_safe, dismiss_changes
from orders.operations.catalogue.facts import guards_of
from orders.operations.catalogue.making import NO_PLACE
from orders.operations.catalogue.opening import GONE, REASONS
from orders.operations.catalogue.staging import FINDINGS, SHRANK, Staged, note_failure, stage
from orders.operations.catalogue.whole import SyncResult, apply_catalogue, believed

__all__ = [
    "FINDINGS",
    "GONE",
    "NO_PLACE",
    "PERMISSION",
    "REASONS",
    "SHRANK",
    "NotListed",
    "Outcome",
    "Staged",
    "SyncResult",
    "apply_catalogue",
    "apply_changes",
    "apply_safe",
    "ask",
    "believed",
    "claim",
    "dismiss_changes",
    "guards_of",
    "note_failure",
    "release",
    "stage",
]
