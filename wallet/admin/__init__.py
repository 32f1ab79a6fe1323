"""The staff pages about money: they translate, operations write."""

from wallet.admin import checks, corrections, ledger, payouts, safeguards, terms, topups

__all__ = ["checks", "corrections", "ledger", "payouts", "safeguards", "terms", "topups"]
