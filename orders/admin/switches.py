"""The switches as staff see and turn them: what is stopped, since when, by whom and why (decision 29)."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.names import names_of
from orders.models import Switches
from orders.operations import switches as operations
from orders.operations.switches import MAY_TURN, Switch
from orders.reading import switches as reading
from plumbing.acts import Act, ActPages, ActRefused
from plumbing.adminpages import KeptAsIs, Styled, badge

TURNS_SHOWN = 50


def _turner(
    switch: Switch, *, stopped: bool, outcome: str
) -> Callable[[HttpRequest, Switches, dict[str, object]], str]:
    def perform(request: HttpRequest, _: Switches, values: dict[str, object]) -> str:
        assert isinstance(request.user, User)
        reason = str(values["reason"])
        try:
            operations.turn(staff=request.user, switch=switch, stopped=stopped, reason=reason, now=timezone.now())
        except operations.TurnedAlready as error:
            raise ActRefused("Somebody was faster: it stands that way already.") from error
        return outcome

    return perform


ACTS: tuple[Act[Switches], ...] = (
    Act(
        slug="stop-selling",
        title="Stop selling",
        permission=MAY_TURN,
        effect=lambda _: [
            "New orders are refused at once, in the browser and over the API. Customers read that none are taken.",
            "Orders that were placed are sent, followed and settled as always. Wallets and payments go on.",
        ],
        perform=_turner(Switch.SELLING, stopped=True, outcome="Selling is stopped."),
        offered=lambda switches: not switches.stop_selling,
        grave=True,
    ),
    Act(
        slug="start-selling",
        title="Start selling again",
        permission=MAY_TURN,
        effect=lambda _: ["New orders are taken again at once."],
        perform=_turner(Switch.SELLING, stopped=False, outcome="Selling has started again."),
        offered=lambda switches: switches.stop_selling,
    ),
    Act(
        slug="stop-dispatch",
        title="Stop sending",
        permission=MAY_TURN,
        effect=lambda _: [
            "No order goes to a provider from now on. What is being sent this moment is finished.",
            "New orders are taken and wait; their pages say so. What providers have is followed and settled as always.",
            "The hours after which an unsent order fails do not run meanwhile.",
        ],
        perform=_turner(Switch.DISPATCH, stopped=True, outcome="Sending is stopped."),
        offered=lambda switches: not switches.stop_dispatch,
        grave=True,
    ),
    Act(
        slug="start-dispatch",
        title="Start sending again",
        permission=MAY_TURN,
        effect=lambda _: ["Orders that waited go to their providers, the oldest first."],
        perform=_turner(Switch.DISPATCH, stopped=False, outcome="Sending has started again."),
        offered=lambda switches: switches.stop_dispatch,
    ),
)


@admin.register(Switches)
class SwitchesAdmin(Styled, KeptAsIs, ActPages[Switches]):
    """One row: whether we sell and send, the acts that change it, and who did so when and why."""

    row_acts = ACTS
    change_form_template = "admin/orders/switches.html"
    fields = ["selling", "sending"]
    readonly_fields = ["selling", "sending"]

    @admin.display(description="selling")
    def selling(self, switches: Switches) -> SafeString:
        return badge("bad", "stopped") if switches.stop_selling else badge("good", "on")

    @admin.display(description="sending to providers")
    def sending(self, switches: Switches) -> SafeString:
        return badge("bad", "stopped") if switches.stop_dispatch else badge("good", "on")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Go to the one row there is."""
        if not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        return HttpResponseRedirect(reverse("admin:orders_switches_change", args=[1]))

    def act_subject(self, row: Switches) -> str:
        return "Switches"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With the acts that make sense now, and who turned what."""
        switches: Switches = context["original"]
        turns = reading.turns(TURNS_SHOWN)
        names = names_of({turn.actor for turn in turns})
        context |= {
            "title": "Switches",
            "subtitle": None,
            "acts": self.offered(request, switches),
            "turns": [(turn, names.get(turn.actor, turn.actor)) for turn in turns],
        }
        return super().render_change_form(request, context, *args, **kwargs)
