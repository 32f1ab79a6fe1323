"""The terms of money that the owner edits: ways to pay, bonus rules, limits. Each edit leaves who, before and now.

Plain `atomic`: the admin's own page is a transaction, and these are called inside it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from django.db import transaction

from accounts.models import User
from wallet.models import BonusRule, MoneyRules, PaymentMethod
from wallet.operations.audit import need, record

Terms = TypeVar("Terms", PaymentMethod, BonusRule, MoneyRules)


def edit_terms(*, staff: User, row: type[Terms], pk: int, values: Mapping[str, object], now: datetime) -> list[str]:
    """Write the columns that are edited and record each as [before, now]; the names of those that changed.

    values: column name → value that a form has checked. Needs the model's `change` permission. Raises PermissionDenied,
    DoesNotExist.
    """
    actor = need(staff, f"wallet.change_{row._meta.model_name}")
    with transaction.atomic():
        stored = row.objects.select_for_update(no_key=True).get(pk=pk)
        before = {name: getattr(stored, name) for name in values}
        changed = [name for name in values if before[name] != values[name]]
        if not changed:
            return []
        for name in changed:
            setattr(stored, name, values[name])
        stored.save(update_fields=changed)
        said = {name: [str(before[name]), str(values[name])] for name in changed}
        record(subject_type=subject_of(row), subject_id=pk, kind="changed", actor=actor, now=now, changed=said)
    return changed


def introduce_method(*, staff: User, gateway: str, instructions: str, now: datetime) -> None:
    """Say how to pay where staff confirm what arrives, unless somebody has said it. Raises as `edit_terms`."""
    silent = PaymentMethod.objects.filter(gateway=gateway, instructions="").first()
    if silent:
        edit_terms(staff=staff, row=PaymentMethod, pk=silent.pk, values={"instructions": instructions}, now=now)


def add_bonus_rule(*, staff: User, values: Mapping[str, object], now: datetime) -> BonusRule:
    """Add a rule, recorded. Needs `wallet.add_bonusrule`. Raises PermissionDenied."""
    actor = need(staff, "wallet.add_bonusrule")
    with transaction.atomic():
        rule = BonusRule.objects.create(**values)
        _record_whole(rule, "added", actor=actor, now=now)
    return rule


def remove_bonus_rule(*, staff: User, rule_id: int, now: datetime) -> None:
    """Remove a rule, recorded with what it said. Needs `wallet.delete_bonusrule`. Raises PermissionDenied."""
    actor = need(staff, "wallet.delete_bonusrule")
    with transaction.atomic():
        rule = BonusRule.objects.select_for_update(no_key=True).get(pk=rule_id)
        _record_whole(rule, "removed", actor=actor, now=now)
        rule.delete()


def _record_whole(rule: BonusRule, kind: str, *, actor: str, now: datetime) -> None:
    record(
        subject_type=subject_of(BonusRule),
        subject_id=rule.pk,
        kind=kind,
        actor=actor,
        now=now,
        from_amount=rule.from_amount,
        basis_points=rule.basis_points,
        is_active=rule.is_active,
    )


def subject_of(row: type[PaymentMethod | BonusRule | MoneyRules]) -> str:
    """What the record calls rows of these terms."""
    return str(row._meta.verbose_name).replace(" ", "_")
