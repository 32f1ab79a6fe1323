"""Whether the books balance: set-based checks that only read. `smmpanel.verifying` adds those of other apps."""

from wallet.verification import ledger, payments, shapes
from wallet.verification.base import Check, subjects_check
from wallet.verification.running import Outcome, Report, is_due, keep, missed_since, run

CHECKS = [*ledger.CHECKS, *shapes.CHECKS, *payments.CHECKS]

__all__ = ["CHECKS", "Check", "Outcome", "Report", "is_due", "keep", "missed_since", "run", "subjects_check"]
