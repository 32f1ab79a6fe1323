"""Providers as staff see and open them: their state, balance and last wave. The key goes in and never comes out."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from accounts.models import User
from orders.models import Provider, Wave
from orders.operations import catalogue, editing
from orders.operations import providers as operations
from orders.providers import adapter_for
from orders.providers.base import Failed
from plumbing.acts import Act, ActRefused, BareForm, act_page
from plumbing.adminpages import ModelAdmin, ModelForm, NeverDeleted, Styled, badge, edited
from plumbing.secrets import SecretUnreadable


class ProviderForm(ModelForm[Provider]):
    """Refuses an address that would never be called."""

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

    def clean_api_url(self) -> str:
        """https, or a host and port that the operator named."""
        url: str = self.cleaned_data["api_url"]
        try:
            editing.check_provider_url(url)
        except editing.EditRefused as refusal:
            raise forms.ValidationError(refusal.errors["api_url"]) from refusal
        return url


def _pause(request: HttpRequest, provider: Provider, values: dict[str, object]) -> str:
    operations.pause(provider_id=provider.pk, reason=str(values["reason"]), now=timezone.now())
    return f"{provider} is paused. What is live there is still followed."


def _reopen(request: HttpRequest, provider: Provider, values: dict[str, object]) -> str:
    operations.reopen(provider_id=provider.pk)
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
    ids = "offers request ids" if answer.request_ids else "offers no request ids: an unknown waits for a person"
    return f"{provider} answered: {answer.amount} {answer.currency} left, and it {ids}."


def _read(request: HttpRequest, provider: Provider, values: dict[str, object]) -> str:
    staff, now = cast("User", request.user), timezone.now()
    try:
        catalogue.ask(provider_id=provider.pk, staff=staff, now=now)
    except catalogue.NotListed as off:
        raise ActRefused("It is switched off: its list is not read.") from off
    return f"The list of {provider} is read within seconds. You may leave this page."


PAUSE: Act[Provider] = Act(
    slug="pause",
    title="Pause",
    permission="orders.change_provider",
    effect=lambda provider: [
        f"Nothing new is sent to {provider}. Orders stay queued until it is opened again.",
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
        f"Paused since {provider.paused_at:%Y-%m-%d %H:%M} UTC: {provider.paused_reason or 'no reason given'}.",
        f"Orders that wait for {provider} go out at once, the oldest first.",
    ],
    perform=_reopen,
    offered=lambda provider: provider.paused_at is not None,
)
TEST: Act[Provider] = Act(
    slug="test",
    title="Test the connection",
    permission="orders.change_provider",
    effect=lambda provider: [
        f"Asks {provider.api_url} for our balance, for at most {provider.balance_deadline} seconds.",
        "No order is sent. The answer is kept as the provider's balance.",
    ],
    perform=_test,
    offered=lambda provider: True,
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


@admin.register(Provider)
class ProviderAdmin(Styled, NeverDeleted, ModelAdmin[Provider]):
    """Who delivers. A provider that has orders stays for good: it is disabled, never deleted."""

    form = ProviderForm
    change_form_template = "admin/orders/provider.html"
    list_display = ["name", "state", "money", "last_wave", "request_ids", "balance_at", "paused_at", "paused_reason"]
    list_filter = ["enabled", "request_ids"]
    ordering = ["name"]
    search_fields = ["name"]
    readonly_fields = ["state", "money", "balance_at", "request_ids", "last_wave", "backoff_until"]
    fieldsets = [
        (None, {"fields": ["name", ("adapter", "enabled"), "api_url", "api_key"]}),
        ("Deadlines, in seconds", {"fields": [("add_deadline", "balance_deadline", "poll_deadline")]}),
        ("Calls at once", {"fields": [("concurrency", "poll_concurrency")]}),
        ("Its list", {"fields": ["sync_minutes", ("markup_percent", "least_margin_percent")]}),
        ("What we know", {"fields": ["state", ("money", "balance_at"), "request_ids", "last_wave", "backoff_until"]}),
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
            return forms.URLField(max_length=300, assume_scheme="https", label="API URL", widget=AdminURLFieldWidget)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "api_key":
            field.label = "API key"
        return field

    @admin.display(description="state")
    def state(self, provider: Provider) -> SafeString:
        if not provider.enabled:
            return badge("idle", "disabled")
        if provider.paused_at:
            return badge("bad", "paused")
        if provider.backoff_until and provider.backoff_until > timezone.now():
            return badge("warn", "asked to wait")
        return badge("good", "open")

    @admin.display(description="balance there", ordering="balance")
    def money(self, provider: Provider) -> str:
        return "not asked yet" if provider.balance is None else f"{provider.balance:,.2f} {provider.currency}"

    @admin.display(description="last wave", ordering="sent_at")
    def last_wave(self, provider: Provider) -> str:
        sent_at = getattr(provider, "sent_at", None)
        return date_format(timezone.localtime(sent_at), "DATETIME_FORMAT") if sent_at else "none yet"

    def save_model(self, request: HttpRequest, obj: Provider, form: ProviderForm, change: bool) -> None:
        """Write what was edited; an empty key keeps the stored one."""
        names = form.changed_data if change else list(form.fields)
        obj.pk = editing.save_provider(
            provider_id=obj.pk if change else None, values=edited(form.cleaned_data, names)
        ).pk

    def get_urls(self) -> list[URLPattern]:
        """A page for each act."""
        pages = [
            path(
                f"<int:pk>/{act.slug}/",
                self.admin_site.admin_view(self.act),
                {"act": act},
                f"orders_provider_{act.slug}",
            )
            for act in ACTS
        ]
        return [*pages, *super().get_urls()]

    def act(self, request: HttpRequest, pk: int, act: Act[Provider]) -> HttpResponse:
        """Pause, open again, test the connection."""
        provider = self.get_object(request, str(pk))
        if provider is None:
            raise Http404
        back = reverse("admin:orders_provider_change", args=[pk])
        return act_page(self, request, act=act, row=provider, subject=provider.name, back=back)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With the acts that make sense now."""
        provider: Provider | None = context.get("original")
        if provider is not None and request.user.has_perm("orders.change_provider"):
            context["acts"] = [
                (act.title, reverse(f"admin:orders_provider_{act.slug}", args=[provider.pk]))
                for act in ACTS
                if act.offered(provider)
            ]
        return super().render_change_form(request, context, *args, **kwargs)
