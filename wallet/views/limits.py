"""How much a customer wants to spend at most, and how much of it is spent."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import UserRequest
from wallet import operations
from wallet.forms.customer import OwnLimits
from wallet.operations import Limits
from wallet.views.holds import holds_of


@dataclass(frozen=True, slots=True)
class Period:
    """One line of the page. limit: what holds, the lower of the customer's own and the staff's; None: any amount."""

    title: str
    limit: Decimal | None
    own: Decimal | None
    staff: Decimal | None
    later: Decimal | None
    spent: Decimal
    ends: datetime

    @property
    def left(self) -> Decimal:
        """What may still be spent; 0 also when more was spent before the limit came."""
        return max((self.limit or Decimal(0)) - self.spent, Decimal(0))

    @property
    def is_staffs(self) -> bool:
        """Whether it is the staff's limit that holds."""
        return self.staff is not None and self.limit == self.staff and self.own != self.staff


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: UserRequest) -> HttpResponse:
    """What holds, what was spent, and the form; a lower limit holds at once, a higher one after a day (R57)."""
    now = timezone.now()
    held = operations.limits_of(request.user.pk, now)
    form = OwnLimits(
        request.POST or None, initial={"daily": _plain(held.own_daily), "monthly": _plain(held.own_monthly)}
    )
    if request.method == "POST" and "keep" in request.POST:
        return _set(request, daily=held.own_daily, monthly=held.own_monthly, now=now)
    if request.method == "POST" and form.is_valid():
        return _set(request, daily=form.cleaned_data["daily"], monthly=form.cleaned_data["monthly"], now=now)
    context = {"form": form, "held": held, "periods": _periods(held), "holds": holds_of(request.user.pk)}
    return TemplateResponse(request, "wallet/limits.html", context, status=422 if form.errors else 200)


def _set(request: UserRequest, *, daily: Decimal | None, monthly: Decimal | None, now: datetime) -> HttpResponse:
    actor = f"customer:{request.user.pk}"
    held = operations.set_limits(user_id=request.user.pk, daily=daily, monthly=monthly, actor=actor, now=now)
    if held.next_at is None:
        messages.success(request, "Saved. Your limits hold from now on.")
    else:
        messages.info(request, "Saved. What is lower holds from now on, what is higher begins after a day.")
    return redirect("wallet:limits")


def _periods(held: Limits) -> list[Period]:
    return [
        Period("Today", held.daily, held.own_daily, held.staff_daily, held.next_daily, held.spent_today, held.day_ends),
        Period(
            "This month",
            held.monthly,
            held.own_monthly,
            held.staff_monthly,
            held.next_monthly,
            held.spent_this_month,
            held.month_ends,
        ),
    ]


def _plain(limit: Decimal | None) -> str:
    """As a person would type it: two decimals unless staff or an older form said more."""
    return "" if limit is None else f"{limit.normalize():f}"
