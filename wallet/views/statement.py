"""The customer's wallet page: what is there, and how it came to be; the same as a file."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import UserRequest
from plumbing import limits
from plumbing.keyset import before_of
from plumbing.streaming import Cell, stream_csv
from wallet import operations
from wallet.forms.statement import StatementFilter
from wallet.reading import statement as reading
from wallet.views.holds import holds_of

PAGE = 50
FILES, FILES_SECONDS = 20, 600  # a long one holds a thread of the web server for minutes
COLUMNS = ("date_utc", "kind", "about", "reason", "amount", "account", "balance_after", "transfer")


@login_required
@require_safe
def index(request: UserRequest) -> HttpResponse:
    """Balance and statement, newest first, by kind and days; `?before=` goes on from an entry (P9)."""
    form = StatementFilter(request.GET)
    before = before_of(request.GET.get("before"))
    wanted = form.wanted()
    page = reading.page(user_id=request.user.pk, size=PAGE, before=before, wanted=wanted)
    context = {
        "balances": operations.balances_of(request.user.pk),
        "holds": holds_of(request.user.pk),
        "page": page,
        "form": form,
        "is_filtered": wanted.filters,
        "is_first_page": before is None,
        "looked_through": reading.LOOK_THROUGH,
        "query": filters_of(request.GET),
    }
    return TemplateResponse(request, "wallet/index.html", context)


@login_required
@require_safe
def export(request: UserRequest) -> HttpResponseBase:
    """The statement under the same filters as CSV, newest first, in constant memory. A wrong filter is shown first."""
    form = StatementFilter(request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('wallet:index')}?{filters_of(request.GET)}")
    if not limits.allow(key=f"statement:{request.user.pk}", limit=FILES, period_seconds=FILES_SECONDS):
        messages.warning(request, "You have downloaded many files just now. Try again in ten minutes.")
        return redirect(f"{reverse('wallet:index')}?{filters_of(request.GET)}")
    found = reading.lines(user_id=request.user.pk, wanted=form.wanted())
    return stream_csv(name=f"statement-{timezone.localdate()}.csv", header=COLUMNS, rows=map(_row, found))


def _row(line: reading.Line) -> tuple[Cell, ...]:
    """In the order of COLUMNS."""
    about = line.reference or (f"{line.subject_type} {line.subject_id}" if line.subject_type else "")
    amounts = (line.amount, line.account, line.balance)
    return (line.at, line.kind, about, line.reason, *amounts, line.transfer_id)


def filters_of(given: QueryDict) -> str:
    """The query string of these filters alone, without the place and without what filters nothing."""
    kept = given.copy()
    for name in list(kept):
        if name not in ("kind", "from", "to") or not kept[name]:
            del kept[name]
    return kept.urlencode()
