"""Runs that staff deliver themselves: what is to be taken, what is in work, and the pages to report and finish it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from orders.admin.run_acts import Button
from orders.delivery import by_hand
from orders.models import Run, RunByHand
from orders.operations import settling
from plumbing.acts import Act, ActPages, ActRefused, BareForm, ReasonForm
from plumbing.adminpages import KeptAsIs, Styled, actor_of, badge, id_in
from plumbing.counting import CappedPaginator
from plumbing.templatetags.amounts import amount, count, span
from policies import wording
from policies.rules.vocabulary import Cause, RunState

PERMISSION = "orders.handle_order"
NOT_ANY_MORE = "It is not there to be done any more: it ended, went another way, a colleague took it, or it waits."


class NumbersForm(ReasonForm):
    """What a person counted."""

    field_order = ["delivered", "start_count", "reason"]
    delivered = forms.IntegerField(
        min_value=0, label="Delivered in all", help_text="Units so far, not only the new ones."
    )
    start_count = forms.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, label="Start count",
        help_text="What the link counted before the first unit. Once told it stays; leave it empty where nobody knows.",
    )  # fmt: skip


def _take(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    try:
        by_hand.take(run_id=run.pk, actor=actor_of(request), now=timezone.now())
    except by_hand.NotYours as late:
        raise ActRefused(NOT_ANY_MORE) from late
    except by_hand.LinkBusy as busy:
        raise ActRefused(
            "Another order is being delivered to this link. It waits for that one, and comes back."
        ) from busy
    return f"Part {run.number} of order {run.order_id} is yours. Its customer sees that it is being processed."


def _take_over(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    try:
        by_hand.take_over(run_id=run.pk, actor=actor_of(request), reason=str(values["reason"]), now=timezone.now())
    except by_hand.NotYours as late:
        raise ActRefused(NOT_ANY_MORE) from late
    return f"Part {run.number} of order {run.order_id} is yours now."


def _report(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    _with_numbers(by_hand.report, request, run, values)
    return f"{count(int(str(values['delivered'])))} of {count(run.quantity)} are reported."


def _finish(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    _with_numbers(by_hand.finish, request, run, values)
    run.order.refresh_from_db()
    said = f"Part {run.number} is finished. Order {run.order_id}: {wording.status(run.order.status)}"
    return f"{said}, {amount(run.order.refunded)} of {amount(run.order.charge)} went back."


def _with_numbers(operation: Any, request: HttpRequest, run: Run, values: dict[str, object]) -> None:
    told = {name: values[name] for name in ("delivered", "start_count", "reason")}
    try:
        operation(run_id=run.pk, actor=actor_of(request), now=timezone.now(), **told)
    except by_hand.NotYours as late:
        raise ActRefused(NOT_ANY_MORE) from late
    except by_hand.OutOfRange as refusal:
        raise ActRefused(str(refusal), field=refusal.field) from refusal


def _task(run: Run) -> list[str]:
    order = run.order
    fields = [f"{name}: {value}" for name, value in order.fields.items()]
    return [f"{count(run.quantity)} of “{order.service.name}” for {order.link}", *fields]


def _so_far(run: Run) -> list[str]:
    return [*_task(run), f"Reported so far: {count(_delivered(run))} of {count(run.quantity)}."]


def _effect_of_finishing(run: Run) -> list[str]:
    said = [*_so_far(run), "It ends for good, with the number that you enter; nothing more is delivered."]
    if run.order.runs.first_runs().exclude(pk=run.pk).filter(ended_at__isnull=True).exists():
        return [*said, "Other parts are still under way: money is decided when the last of them ends."]
    back = settling.foresee(order_id=run.order_id, cause=Cause.PROVIDER_ENDED).amount
    return [
        *said,
        f"What is missing is paid back by the rule that decides for every order: as it stands now, {amount(back)} of "
        f"{amount(run.order.charge)}.",
    ]


def _delivered(run: Run) -> int:
    seen = getattr(run, "delivery", None)
    return seen.delivered if seen else run.delivered


def _in_work(run: Run) -> bool:
    return run.state == RunState.LIVE.value


TAKE: Act[Run] = Act(
    slug="take",
    title="Take",
    permission=PERMISSION,
    effect=lambda run: [*_task(run), "It is yours from then on; whoever looks at the list sees your name at it."],
    perform=_take,
    offered=lambda run: run.state == RunState.QUEUED.value and run.due_at is not None,
    form=BareForm,
)
TAKE_OVER: Act[Run] = Act(
    slug="take-over",
    title="Take over",
    permission=PERMISSION,
    effect=lambda run: [*_so_far(run), "It is yours from then on, and no longer whose it was."],
    perform=_take_over,
    offered=_in_work,
    form=ReasonForm,
)
REPORT: Act[Run] = Act(
    slug="report",
    title="Report",
    permission=PERMISSION,
    effect=lambda run: [*_so_far(run), "The customer sees the new number at once. It can only grow."],
    perform=_report,
    offered=_in_work,
    form=NumbersForm,
)
FINISH: Act[Run] = Act(
    slug="finish",
    title="Finish",
    permission=PERMISSION,
    effect=_effect_of_finishing,
    perform=_finish,
    offered=_in_work,
    form=NumbersForm,
    grave=True,
)
ACTS = (REPORT, FINISH, TAKE, TAKE_OVER)


def buttons(run: Run) -> list[Button]:
    """What may be done about a run now. Nothing about one of a machine's."""
    if not run.provider.is_manual:
        return []
    offered = [act for act in ACTS if act.offered(run)]
    return [
        Button(act.title, reverse(f"admin:orders_runbyhand_{act.slug}", args=[run.pk]), act.grave) for act in offered
    ]


class State(admin.SimpleListFilter):
    """What is still to be done, unless asked otherwise."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("queued", "To be taken"), ("live", "In work"), ("mine", "Mine"), ("ended", "Finished")]

    def choices(self, changelist: Any) -> Any:
        """Calls the default by what it shows."""
        first, *others = super().choices(changelist)
        return [{**first, "display": "To do"}, *others]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        live, due = [RunState.LIVE.value], {"state": RunState.QUEUED.value, "due_at__lte": timezone.now()}
        match self.value():
            case "queued":
                return queryset.filter(**due)
            case "live":
                return queryset.filter(state__in=live)
            case "mine":
                return queryset.filter(state__in=live, handling__taken_by=actor_of(request))
            case "ended":
                return queryset.filter(state=RunState.ENDED.value).order_by("-ended_at")
        return queryset.filter(state__in=live) | queryset.filter(**due)


class ByHandList(ChangeList):
    """One page of runs, with who has taken each, in one query more."""

    def get_results(self, request: HttpRequest) -> None:
        """Add `taker`, an address, and `may_act`, of whoever asks, to each run of the page."""
        super().get_results(request)
        takers = {run.pk: run.handling.taken_by for run in self.result_list if hasattr(run, "handling")}
        ids = [actor.partition(":")[2] for actor in takers.values()]
        emails = {f"staff:{pk}": email for pk, email in User.objects.filter(pk__in=ids).values_list("pk", "email")}
        for run in self.result_list:
            run.taker = emails.get(takers.get(run.pk, ""), takers.get(run.pk, ""))
            run.may_act = request.user.has_perm(PERMISSION)


@admin.register(RunByHand)
class RunByHandAdmin(Styled, KeptAsIs, ActPages[RunByHand]):
    """What staff deliver, the longest due first."""

    row_acts = ACTS
    list_display = ["on_order", "acts", "what", "progress", "standing"]
    list_display_links = None
    list_filter = [State, ("provider", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["order__service", "provider", "delivery", "handling"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    ordering = ["due_at", "id"]
    search_fields = ["=order__id"]
    search_help_text = "An order's number"

    def has_view_permission(self, request: HttpRequest, obj: RunByHand | None = None) -> bool:
        """Who delivers by hand, and who looks at runs (decision 27)."""
        return request.user.has_perm(PERMISSION) or request.user.has_perm("orders.view_run")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RunByHand]:
        """Only those that nobody is called for."""
        return super().get_queryset(request).filter(provider__adapter="manual")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that knows who has taken what, and who asks."""
        return ByHandList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RunByHand], search_term: str
    ) -> tuple[QuerySet[RunByHand], bool]:
        """By order, which an index holds."""
        if not search_term.strip():
            return queryset, False
        number = id_in(search_term.strip())
        return (queryset.none() if number is None else queryset.filter(order_id=number)), False

    @admin.display(description="order")
    def on_order(self, run: Run) -> SafeString:
        address = reverse("admin:orders_order_change", args=[run.order_id])
        return format_html('<a href="{}">{}</a>, part {}', address, run.order_id, run.number)

    @admin.display(description="what, and for which link")
    def what(self, run: Run) -> SafeString:
        return format_html('{}<br><span class="staff-who">{}</span>', run.order.service.name, run.order.link)

    @admin.display(description="delivered")
    def progress(self, run: Run) -> str:
        return f"{count(_delivered(run))} of {count(run.quantity)}"

    @admin.display(description="state")
    def standing(self, run: Run) -> SafeString:
        return format_html('{}<br><span class="staff-who">{}</span>', _badge(run), _whose(run))

    @admin.display(description="to do")
    def acts(self, run: Run) -> SafeString | str:
        if not run.may_act:  # type: ignore[attr-defined]
            return "–"
        links = ((button.address, button.title) for button in buttons(run))
        return format_html_join(" ", '<a class="button" href="{}">{}</a>', links) or "–"

    def act_subject(self, row: Run) -> str:
        return f"Order {row.order_id}, part {row.number}"

    def act_back(self, row: Run) -> str:
        return reverse("admin:orders_runbyhand_changelist")


def _badge(run: Run) -> SafeString:
    if run.state == RunState.ENDED.value:
        return badge("idle", f"finished: {run.get_outcome_display().lower()}")
    return badge("info", "in work") if _in_work(run) else badge("warn", "to be taken")


def _whose(run: Run) -> str:
    """Who has it, or how long it has waited."""
    taker: str = run.taker  # type: ignore[attr-defined]
    since = run.due_since or run.due_at
    if taker or since is None:
        return taker
    return f"due for {span(timezone.now() - since)}"
