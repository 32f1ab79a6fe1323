"""Template filters and tags of the staff pages about policies: `{% load policy_staff %}`."""

from collections.abc import Mapping
from decimal import Decimal

from django import template

from plumbing.templatetags.amounts import amount
from policies import reading
from policies.models import PolicyVersion, ReplayCheck

register = template.Library()


@register.filter
def named(names: Mapping[str, str], actor: str) -> str:
    """Who an actor is, by address where that is known."""
    return names.get(actor, actor)


@register.filter
def money(stored: str) -> str:
    """An amount that is kept as text."""
    return amount(Decimal(stored))


@register.filter
def summary_of(version: PolicyVersion) -> str:
    """A version's summary with its numbers."""
    return reading.summary_of(version)


@register.filter
def unsigned(value: Decimal) -> Decimal:
    """An amount beside a word that says which way it goes."""
    return abs(value)


@register.simple_tag
def last_replay_check() -> ReplayCheck | None:
    """The newest result of replaying decisions, None before the first."""
    return ReplayCheck.objects.defer("report").order_by("-id").first()
