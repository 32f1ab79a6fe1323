"""Alarms as staff see them: what is open now, what was, who saw it; one click says that a person has."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts import operations
from accounts.http import UserRequest
from accounts.models import Alarm
from accounts.names import names_of
from accounts.operations.alarms import PERMISSION
from plumbing.adminpages import KeptAsIs, ModelAdmin, Styled, badge
from plumbing.counting import CappedPaginator

STATES = {
    "new": ("New", Q(cleared_at=None, acknowledged_at=None)),
    "open": ("Open", Q(cleared_at=None)),
    "over": ("Over", Q(cleared_at__isnull=False)),
}


class State(admin.SimpleListFilter):
    """How far an alarm is."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(state, label) for state, (label, _) in STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> QuerySet[Alarm]:
        _, chosen = STATES.get(self.value() or "", ("", None))
        return queryset.filter(chosen) if chosen else queryset


class AlarmList(ChangeList):
    """One page of alarms with the addresses of who saw them and who ended them, in one query more."""

    def get_results(self, request: HttpRequest) -> None:
        """Add `names` to each row of the page."""
        super().get_results(request)
        names = names_of({by for alarm in self.result_list for by in (alarm.acknowledged_by, alarm.cleared_by) if by})
        for alarm in self.result_list:
            alarm.names = names


@admin.register(Alarm)
class AlarmAdmin(Styled, KeptAsIs, ModelAdmin[Alarm]):
    """Every alarm there was, the open ones first. Nobody edits one: staff acknowledge it, or its cause ends."""

    change_form_template = "admin/accounts/alarm.html"
    list_display = ["subject", "state", "raised_at", "seen", "ended"]
    list_filter = [State]
    list_per_page = 50
    show_full_result_count = False
    paginator = CappedPaginator
    ordering = [F("cleared_at").desc(nulls_first=True), "-id"]
    search_fields: ClassVar[list[str]] = ["subject"]
    search_help_text = "Words of the subject"
    sortable_by: ClassVar[list[str]] = []
    actions = ["acknowledge_chosen"]
    fields = ["state", "said", ("raised_at", "last_seen_at", "times"), "seen", "ended"]
    readonly_fields = ["state", "said", "seen", "ended"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that knows who acted."""
        return AlarmList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Alarm | None:
        """With the addresses of who acted."""
        alarm: Alarm | None = super().get_object(request, object_id, from_field)
        if alarm is not None:
            alarm.names = names_of({alarm.acknowledged_by, alarm.cleared_by} - {""})  # type: ignore[attr-defined]
        return alarm

    @admin.display(description="state")
    def state(self, alarm: Alarm) -> SafeString:
        if not alarm.is_open:
            return badge("good", "over")
        return badge("warn", "open, seen") if alarm.acknowledged_at else badge("bad", "open")

    @admin.display(description="what")
    def said(self, alarm: Alarm) -> str:
        return alarm.body

    @admin.display(description="acknowledged")
    def seen(self, alarm: Alarm) -> str:
        return _who_when(alarm, alarm.acknowledged_by, alarm.acknowledged_at)

    @admin.display(description="over")
    def ended(self, alarm: Alarm) -> str:
        if alarm.is_open:
            return "when its cause ends" if alarm.lasts else "when somebody acknowledges it"
        return _who_when(alarm, alarm.cleared_by, alarm.cleared_at)

    def has_acknowledge_permission(self, request: HttpRequest) -> bool:
        """Named by the action below (decision 27)."""
        return request.user.has_perm(PERMISSION)

    @admin.action(description="Acknowledge", permissions=["acknowledge"])
    def acknowledge_chosen(self, request: UserRequest, queryset: QuerySet[Alarm]) -> None:
        """Say of the chosen alarms that a person has seen them."""
        now, chosen = timezone.now(), list(queryset.order_by("pk").values_list("pk", flat=True))
        done = sum(operations.acknowledge_alarm(staff=request.user, alarm_id=each, now=now) for each in chosen)
        messages.success(request, f"{done} of {len(chosen)} acknowledged.")

    def get_urls(self) -> list[URLPattern]:
        """The one click."""
        address = "<int:pk>/acknowledge/"
        return [
            path(address, self.admin_site.admin_view(self.acknowledge), name="accounts_alarm_acknowledge"),
            *super().get_urls(),
        ]

    def acknowledge(self, request: UserRequest, pk: int) -> HttpResponse:
        """Acknowledge one alarm, and go back to the front page, where it stood, or to its own."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            done = operations.acknowledge_alarm(staff=request.user, alarm_id=pk, now=timezone.now())
        except Alarm.DoesNotExist as error:
            raise Http404 from error
        alarm = Alarm.objects.get(pk=pk)
        if done:
            stays = "" if not alarm.is_open else " It stays here until its cause ends."
            messages.success(request, f"Acknowledged: {alarm.subject}.{stays}")
        else:
            messages.info(request, f"Nothing to do: somebody was faster, or it is over: {alarm.subject}.")
        own_page = reverse("admin:accounts_alarm_change", args=[pk])
        return HttpResponseRedirect(own_page if "own" in request.POST else reverse("admin:index"))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With its subject as the title, and the button while somebody may press it."""
        alarm: Alarm = context["original"]
        may = alarm.is_open and not alarm.acknowledged_at and self.has_acknowledge_permission(request)
        context |= {"title": alarm.subject, "subtitle": None, "may_acknowledge": may}
        return super().render_change_form(request, context, *args, **kwargs)


def _who_when(alarm: Alarm, by: str, at: Any) -> str:
    if not by:
        return "not yet"
    names = getattr(alarm, "names", {})
    return f"by {names.get(by, by)}, {timezone.localtime(at):%Y-%m-%d %H:%M}"
