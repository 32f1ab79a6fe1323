"""Compares what the providers sell with our catalogue, from the command line or cron, and takes it over if told to."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orders import syncing
from orders.models import Provider, SyncChange
from orders.models.syncing import LABELS
from orders.operations import catalogue
from orders.providers.base import Catalogue, Failed
from orders.reading import syncs
from policies.rules.catalogue import LeftOut
from policies.rules.syncing import Kind

BAR_WIDTH = 30
SHOWN = 20  # changes of a kind


class Command(BaseCommand):
    help = (
        "Compares the list of each enabled provider with our catalogue and stages what differs; --apply takes it over."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", type=int, help="id of the one provider to read; without it, all enabled ones")
        parser.add_argument("--apply", action="store_true", help="take over everything that the list is believed in")
        parser.add_argument(
            "--markup", type=_percent, help="percent on top of its rates, instead of the provider's own"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        providers = Provider.objects.called().order_by("id")
        providers = providers.filter(pk=options["provider"]) if options["provider"] else providers.filter(enabled=True)
        if not providers:
            raise CommandError("No such provider." if options["provider"] else "No provider is enabled.")
        each = self._take_over if options["apply"] else self._show
        failures = [said for provider in providers if (said := self._read(provider, options["markup"], each))]
        if failures:
            raise CommandError(" ".join(failures))

    def _read(self, provider: Provider, markup: Decimal | None, go_on: Any) -> str:
        """Read one provider's list and go on with it; answers what went wrong, "" when all went well."""
        self._step(f"{provider.name}: fetching the catalogue")
        listed = syncing.fetch(provider)
        if isinstance(listed, Failed):
            catalogue.note_failure(provider_id=provider.pk, problem=listed.problem, now=timezone.now())
            return f"{provider.name}: {listed.problem}."
        self._step(f"{provider.name}: {len(listed.services):,} services listed, comparing")
        go_on(provider, listed, markup)
        if listed.unreadable:
            named = ", ".join(listed.unreadable[:10])
            self.stdout.write(f"  {len(listed.unreadable):,} could not be read: {named}")
        catalogue.release(provider_id=provider.pk, now=timezone.now())
        return ""

    def _show(self, provider: Provider, listed: Catalogue, markup: Decimal | None) -> None:
        guards = catalogue.guards_of(provider)
        staged = catalogue.stage(
            provider_id=provider.pk,
            listed=listed.services,
            unreadable=listed.unreadable,
            now=timezone.now(),
            guards=guards if markup is None else replace(guards, markup=markup),
        )
        finding = staged.diff.refused or (catalogue.SHRANK if staged.diff.shrank else "")
        if finding:
            self.stdout.write(f"{provider.name}: {catalogue.FINDINGS[finding]}")
        self.stdout.write(f"{provider.name}: {staged.waiting:,} changes wait.")
        waiting = SyncChange.objects.waiting().filter(sync_id=staged.sync_id)
        for kind in Kind:
            self._show_kind(kind, list(waiting.filter(kind=kind).order_by("id")))
        self._left_out(staged.diff.left_out)

    def _show_kind(self, kind: Kind, changes: list[SyncChange]) -> None:
        if changes:
            self.stdout.write(f"  {len(changes):,} {LABELS[kind]}:")
        for change in changes[:SHOWN]:
            sign = " " if change.safe else "?"
            self.stdout.write(f"  {sign} {change.provider_service} {change.name[:60]}: {syncs.told(change)}")
        if len(changes) > SHOWN:
            self.stdout.write(f"    and {len(changes) - SHOWN:,} more")

    def _take_over(self, provider: Provider, listed: Catalogue, markup: Decimal | None) -> None:
        result = catalogue.apply_catalogue(
            provider_id=provider.pk,
            remote=listed.services,
            unreadable=listed.unreadable,
            markup=markup,
            now=timezone.now(),
            actor="system",
            progress=self._bar,
        )
        self.stdout.write(_summary(provider, result))
        self._left_out(result.left_out)

    def _left_out(self, entries: Iterable[LeftOut]) -> None:
        for finding, count in sorted(Counter(entry.finding for entry in entries).items()):
            self.stdout.write(f"  {count:,} left out: {finding.replace('_', ' ')}.")

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


def _summary(provider: Provider, result: catalogue.SyncResult) -> str:
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
        lines.append(f"  {result.refused:,} texts were not taken over: they make a claim. See the list of changes.")
    if result.paused:
        lines.append(f"  {result.paused:,} are paused: see the providers' lists in the admin.")
    if result.finding:
        lines.append(f"  {catalogue.FINDINGS[result.finding]}")
    if result.missing:
        lines.append(f"  {result.missing:,} are missing from the list, too many to believe it: they stay on sale.")
    return "\n".join(lines)


def _percent(text: str) -> Decimal:
    try:
        value = Decimal(text)
        if not 0 <= value <= 10_000:
            raise ValueError(text)
    except (InvalidOperation, ValueError) as error:
        raise CommandError("--markup takes a percentage from 0 to 10000.") from error
    return value
