"""Imports what the providers sell into our catalogue, from the command line or cron."""

from argparse import ArgumentParser
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orders.models import Provider
from orders.operations.catalogue import SyncResult, apply_catalogue
from orders.providers import adapter_for
from orders.providers.base import Balance, Catalogue, Failed

BAR_WIDTH = 30


class Command(BaseCommand):
    help = "Imports the catalogue of each enabled provider: new services, changed rates and terms, and what is gone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--provider", type=int, help="id of the one provider to import; without it, all enabled ones"
        )
        parser.add_argument("--markup", type=_percent, default=Decimal(30), help="percent on top of its rates (30)")

    def handle(self, *args: Any, **options: Any) -> None:
        providers = Provider.objects.order_by("id")
        providers = providers.filter(pk=options["provider"]) if options["provider"] else providers.filter(enabled=True)
        if not providers:
            raise CommandError("No such provider." if options["provider"] else "No provider is enabled.")
        failures = [said for provider in providers if (said := self._import(provider, options["markup"]))]
        if failures:
            raise CommandError(" ".join(failures))

    def _import(self, provider: Provider, markup: Decimal) -> str:
        """Import one provider; answers what went wrong, "" when all went well."""
        self._step(f"{provider.name}: fetching the catalogue")
        listed = _listed(provider)
        if isinstance(listed, Failed):
            return f"{provider.name}: {listed.problem}."
        self._step(f"{provider.name}: {len(listed.services):,} services listed, comparing")
        result = apply_catalogue(
            provider_id=provider.pk,
            remote=listed.services,
            unreadable=listed.unreadable,
            markup=markup,
            now=timezone.now(),
            actor="system",
            progress=self._bar,
        )
        self.stdout.write(_summary(provider, result, listed))
        return ""

    def _step(self, words: str) -> None:
        self.stderr.write(words)

    def _bar(self, done: int, total: int) -> None:
        """Draw over the same line, where there is a person to see it."""
        if not self.stderr.isatty():
            return
        filled = BAR_WIDTH * done // max(total, 1)
        end = "\n" if done == total else "\r"
        self.stderr.write(f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {done:,} of {total:,}", ending=end)
        self.stderr.flush()


def _listed(provider: Provider) -> Catalogue | Failed:
    """The provider's list, unless its money is not ours: rates in another currency would be sold as ours."""
    adapter = adapter_for(provider)
    balance = adapter.balance()
    if isinstance(balance, Balance) and balance.currency not in ("", settings.CURRENCY):
        return Failed(f"its rates are in {balance.currency}, this installation sells in {settings.CURRENCY}")
    return adapter.services()


def _summary(provider: Provider, result: SyncResult, listed: Catalogue) -> str:
    lines = [
        f"{provider.name}: {result.created:,} new, {result.changed:,} changed, {result.unchanged:,} unchanged, "
        f"{result.gone:,} gone, {result.returned:,} back."
    ]
    if result.unplaced:
        lines.append(f"  {result.unplaced:,} new ones are inactive: name their platform and metric in the admin.")
    if result.claiming:
        lines.append(
            f"  {result.claiming:,} new ones are inactive: their texts promise what nobody can keep. "
            "Rewrite them in the admin, or let them stand with a reason."
        )
    if result.refused:
        lines.append(f"  {result.refused:,} keep an earlier text: the new one makes a claim. See the list of changes.")
    if result.missing:
        lines.append(f"  {result.missing:,} are missing from the list, too many to believe it: they stay on sale.")
    for finding, count in sorted(Counter(entry.finding for entry in result.left_out).items()):
        lines.append(f"  {count:,} left out: {finding.replace('_', ' ')}.")
    if listed.unreadable:
        lines.append(f"  {len(listed.unreadable):,} could not be read: {', '.join(listed.unreadable[:10])}")
    return "\n".join(lines)


def _percent(text: str) -> Decimal:
    try:
        value = Decimal(text)
        if not 0 <= value <= 10_000:
            raise ValueError(text)
    except (InvalidOperation, ValueError) as error:
        raise CommandError("--markup takes a percentage from 0 to 10000.") from error
    return value
