"""Providers as staff see and open them: their state, balance and last wave. The key goes in and never comes out."""

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from accounts.models import User
from orders.models import Provider, Wave
from orders.operations import catalogue, connecting
from orders.operations import providers as operations
from orders.operations.editing import EditRefused
from orders.providers import adapter_for
from orders.providers.base import Failed
from plumbing.acts import Act, ActPages, ActRefused, BareForm
from plumbing.adminpages import ModelForm, NeverDeleted, Styled, actor_of, badge, edited
from plumbing.secrets import SecretUnreadable


class ProviderForm(ModelForm[Provider]):
    """Refuses an address that would never be called, at its field."""

    class Meta:
        labels = {
            "sync_minutes": "Read every … minutes",
            "markup_percent": "Our markup, in percent",
            "least_margin_percent": "Pause below, in percent",
        }
        help_texts = {
            "sync_minutes": "0: only when somebody asks for it.",
            "markup_percent": "On top of its rates, for the prices of new services and for those that wait for you.",
            "least_margin_percent": "Of our price: when a rate rises so far that less is left, the service is paused.",
        }

    def clean(self) -> dict[str, Any]:
        """Ask the same check that saving asks."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if {"adapter", "api_url"} <= cleaned.keys():
            stored = Provider.objects.filter(pk=self.instance.pk).first()
            try:
                connecting.check_provider(cleaned, stored=stored)
            except EditRefused as refusal:
                for name, sentence in refusal.errors.items():
                    self.add_error(name, sentence)
        return cleaned


def _pause(request: HttpRequest, provider: Provider, values: dict[str, object]) -> str:
    operations.pause(provider_id=provider.pk, reason=str(values["reason"]), now=timezone.now())
    return f"{provider} is paused. What is live there is still followed."


def _reopen(request: HttpRequest, provider: Provider, values: dict[str, object]) -> str:
    operations.reopen(provider_id=provider.pk, by=actor_of(request), now=timezone.now())
    return f"{provider} is open again; what waited goes out, the oldest first."


def _test(request: HttpRequest, provider: Provider, values: dict[str, object]) -> str:
    try:
        answer = adapter_for(provider).balance()
    except SecretUnreadable as error:
        raise ActRefused("The stored key cannot be decrypted with FIELD_KEYS. Enter it again.") from error
    if isinstance(answer, Failed):
        raise ActRefused(f"{provider} did not answer with a balance: {answer.problem}")
    operations.learn_balance(
        provider_id=provider.pk,
        amount=answer.amount,
        currency=answer.currency,
        request_ids=answer.request_ids,
        now=timezone.now(),
    )
    operations.close_breaker(provider_id=provider.pk)
    ids = "offers request ids" if answer.request_ids else "offers no request ids: an unknown waits for a person"
    return f"{provider} answered: {answer.amount} {answer.currency} left, and it {ids}."


def _read(request: HttpRequest, provider: Provider, values: dict[str, object]) -> str:
    staff, now = cast("User", request.user), timezone.now()
    try:
        catalogue.ask(provider_id=provider.pk, staff=staff, now=now)
    except catalogue.NotListed as off:
        raise ActRefused("It is switched off: its list is not read.") from off
    return f"The list of {provider} is read within seconds. You may leave this page."


def _why_shut(provider: Provider) -> str:
    if provider.paused_at:
        return f"Paused since {provider.paused_at:%Y-%m-%d %H:%M} UTC: {provider.paused_reason or 'no reason given'}."
    return f"It does not answer since {provider.opened_at:%Y-%m-%d %H:%M} UTC, and is asked again by itself."


PAUSE: Act[Provider] = Act(
    slug="pause",
    title="Pause",
    permission="orders.change_provider",
    effect=lambda provider: [
        f"Nothing new is sent to {provider} until it is opened again. Orders go another way where their service has "
        "one; the others are held, and say so on their pages.",
        "What it has taken already is followed and settled as always.",
    ],
    perform=_pause,
    offered=lambda provider: provider.paused_at is None,
)
REOPEN: Act[Provider] = Act(
    slug="reopen",
    title="Open again",
    permission="orders.change_provider",
    effect=lambda provider: [
        _why_shut(provider),
        f"Orders that wait for {provider} go out at once, the oldest first.",
    ],
    perform=_reopen,
    offered=lambda provider: provider.paused_at is not None or provider.opened_at is not None,
)
TEST: Act[Provider] = Act(
    slug="test",
    title="Test the connection",
    permission="orders.change_provider",
    effect=lambda provider: [
        f"Asks {provider.api_url} for our balance, for at most {provider.balance_deadline} seconds.",
        "No order is sent. The answer is kept as the provider's balance, and ends the wait of one that did not answer.",
    ],
    perform=_test,
    offered=lambda provider: not provider.is_manual,
    form=BareForm,
)
READ: Act[Provider] = Act(
    slug="read",
    title="Read its list",
    permission=catalogue.PERMISSION,
    effect=lambda provider: [
        f"Asks {provider.api_url} within seconds for all it sells, and stages what differs from our catalogue.",
        "What is safe happens by itself: less can be ordered, less is promised, what rose too far is paused.",
        "Everything else waits for you under providers' lists.",
    ],
    perform=_read,
    offered=lambda provider: Provider.objects.listing().filter(pk=provider.pk).exists(),
    form=BareForm,
)
ACTS = (TEST, PAUSE, REOPEN, READ)

LABELS = {
    "adapter": ("Delivered", ""),
    "api_key": ("API key", ""),
    "concurrency": ("Runs sent at once", ""),
    "poll_concurrency": ("Looks at once", "Calls that ask about live runs, 100 of them each."),
    "sends_per_minute": ("Runs sent in any minute", "Empty: no limit."),
}


@admin.register(Provider)
class ProviderAdmin(Styled, NeverDeleted, ActPages[Provider]):
    """Who delivers. A provider that has orders stays for good: it is disabled, never deleted."""

    form = ProviderForm
    row_acts = ACTS
    change_form_template = "admin/orders/provider.html"
    list_display = ["name", "state", "trouble", "money", "last_wave", "request_ids"]
    list_filter = ["enabled", "request_ids"]
    ordering = ["name"]
    search_fields = ["name"]
    readonly_fields = ["state", "trouble", "money", "balance_at", "request_ids", "last_wave", "live"]
    fieldsets = [
        (None, {"fields": ["name", ("adapter", "enabled"), "api_url", "api_key"]}),
        ("Deadlines, in seconds", {"fields": [("add_deadline", "balance_deadline", "poll_deadline")]}),
        ("How much, how fast", {"fields": [("concurrency", "sends_per_minute"), "poll_concurrency"]}),
        ("Its list", {"fields": ["sync_minutes", ("markup_percent", "least_margin_percent")]}),
        (
            "What we know",
            {
                "fields": [
                    "state",
                    "trouble",
                    ("money", "balance_at"),
                    "request_ids",
                    ("last_wave", "live"),
                ]
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        """With when something was last sent to each."""
        waves = Wave.objects.filter(provider=OuterRef("pk")).order_by("-pk")
        return super().get_queryset(request).annotate(sent_at=Subquery(waves.values("started_at")[:1]))

    def formfield_for_dbfield(
        self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """An address without a scheme means https."""
        if db_field.name == "api_url":
            return forms.URLField(
                max_length=300, required=False, assume_scheme="https", label="API URL", widget=AdminURLFieldWidget,
                help_text="Left empty where staff deliver by hand.",
            )  # fmt: skip
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in LABELS:
            field.label, field.help_text = LABELS[db_field.name]
        return field

    @admin.display(description="state")
    def state(self, provider: Provider) -> SafeString:
        if not provider.enabled:
            return badge("idle", "disabled")
        if provider.paused_at:
            return badge("bad", "paused")
        if provider.is_manual:
            return badge("info", "by hand")
        if provider.opened_at:
            return badge("bad", "does not answer")
        if provider.backoff_until and provider.backoff_until > timezone.now():
            return badge("warn", "asked to wait")
        return badge("good", "open")

    @admin.display(description="trouble")
    def trouble(self, provider: Provider) -> str:
        """Why nothing is sent there, since when, and what happens next."""
        if provider.paused_at:
            why = operations.WHY_PAUSED.get(provider.paused_reason, provider.paused_reason) or "no reason given"
            return f"since {_moment(provider.paused_at)}: {why}; a person opens it again"
        if provider.opened_at and provider.backoff_until:
            return (
                f"since {_moment(provider.opened_at)}, after {provider.failures} calls in a row came to nothing; asked "
                f"for our balance again at {_moment(provider.backoff_until)}"
            )
        if provider.backoff_until and provider.backoff_until > timezone.now():
            return f"nothing is sent before {_moment(provider.backoff_until)}"
        return "none"

    @admin.display(description="runs there now")
    def live(self, provider: Provider) -> str:
        return f"{operations.upstream_at(provider.pk):,}"

    @admin.display(description="balance there", ordering="balance")
    def money(self, provider: Provider) -> str:
        return "not asked yet" if provider.balance is None else f"{provider.balance:,.2f} {provider.currency}"

    @admin.display(description="last wave", ordering="sent_at")
    def last_wave(self, provider: Provider) -> str:
        sent_at = getattr(provider, "sent_at", None)
        return _moment(sent_at) if sent_at else "none yet"

    def save_model(self, request: HttpRequest, obj: Provider, form: ProviderForm, change: bool) -> None:
        """Write what was edited; an empty key keeps the stored one."""
        names = form.changed_data if change else list(form.fields)
        obj.pk = connecting.save_provider(
            provider_id=obj.pk if change else None,
            values=edited(form.cleaned_data, names),
            by=actor_of(request),
            now=timezone.now(),
        ).pk

    def act_subject(self, row: Provider) -> str:
        return row.name

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With the acts that make sense now."""
        provider: Provider | None = context.get("original")
        if provider is not None:
            context["acts"] = self.offered(request, provider)
        return super().render_change_form(request, context, *args, **kwargs)


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")
